package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.Path;

/// Compares a service's OpenAPI document with the one in `docs/openapi`, so that no interface changes by
/// accident.
public final class CommittedApi {
    private CommittedApi() {}

    /// @param service such as `balance-service`
    /// @param served the service's answer at `/q/openapi`
    public static void assertIsServed(String service, String served) throws IOException {
        Path committed = ProjectRoot.path().resolve("docs/openapi/" + service + ".yaml");
        // Compared as trees, because the order of an object's keys is arbitrary.
        ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
        assertThat(yaml.readTree(served))
                .as(
                        "the interface has changed; if this is intended, copy %s/target/openapi/%s.yaml to %s",
                        service, service, committed)
                .isEqualTo(yaml.readTree(committed.toFile()));
        assertThat(served).startsWith("---\nopenapi: 3.1");
    }
}
