package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.peregrine.local.ProjectRoot;
import java.io.IOException;
import java.nio.file.Path;

/// The OpenAPI documents in `docs/openapi`: an interface changes on purpose.
public final class CommittedApi {
    private CommittedApi() {}

    /// @param service such as `balance-service`
    /// @param served what it answers at `/q/openapi`
    public static void assertIsServed(String service, String served) throws IOException {
        Path committed = ProjectRoot.path().resolve("docs/openapi/" + service + ".yaml");
        // As trees: the order of an object's keys is chance, and means nothing.
        ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
        assertThat(yaml.readTree(served))
                .as(
                        "an interface changes on purpose: copy %s/target/openapi/%s.yaml to %s",
                        service, service, committed)
                .isEqualTo(yaml.readTree(committed.toFile()));
        assertThat(served).startsWith("---\nopenapi: 3.1");
    }
}
