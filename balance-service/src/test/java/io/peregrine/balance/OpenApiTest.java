package io.peregrine.balance;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.peregrine.local.ProjectRoot;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "balance"))
class OpenApiTest {
    private static final Path COMMITTED = ProjectRoot.path().resolve("docs/openapi/balance-service.yaml");

    @Test
    void theCommittedDocumentIsTheOneThatIsServed() throws IOException {
        String served =
                given().get("/q/openapi").then().statusCode(200).extract().asString();

        // As trees: the order of an object's keys is chance, and means nothing.
        ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
        assertThat(yaml.readTree(served))
                .as(
                        "an interface changes on purpose: copy balance-service/target/openapi/balance-service.yaml to %s",
                        COMMITTED)
                .isEqualTo(yaml.readTree(COMMITTED.toFile()));
        assertThat(served).startsWith("---\nopenapi: 3.1");
    }
}
