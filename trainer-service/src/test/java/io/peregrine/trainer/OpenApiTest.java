package io.peregrine.trainer;

import static io.restassured.RestAssured.given;

import io.peregrine.testkit.CommittedApi;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "trainer"))
class OpenApiTest {
    @Test
    void theCommittedDocumentIsTheOneThatIsServed() throws IOException {
        CommittedApi.assertIsServed(
                "trainer-service",
                given().get("/q/openapi").then().statusCode(200).extract().asString());
    }
}
