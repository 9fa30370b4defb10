package io.peregrine.cluster;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.CommittedApi;
import io.peregrine.testkit.GuardedApi;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class OpenApiTest {
    @TestHTTPResource
    String service;

    @Test
    void committedDocumentIsServed() throws IOException {
        CommittedApi.assertIsServed(
                "cluster-service",
                given().get("/q/openapi").then().statusCode(200).extract().asString());
    }

    @Test
    void eachOperationRequiresItsRole() throws Exception {
        // A request forwarded by a proxy is not local, so the service requires a key even on loopback.
        GuardedApi api = new GuardedApi(service, Map.of("X-Forwarded-For", "203.0.113.7"));
        assertThat(api.check("cluster-service")).isGreaterThan(5);
    }
}
