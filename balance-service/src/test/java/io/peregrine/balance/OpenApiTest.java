package io.peregrine.balance;

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
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "balance"))
class OpenApiTest {
    @TestHTTPResource
    String service;

    @Test
    void theCommittedDocumentEqualsTheServedOne() throws IOException {
        CommittedApi.assertIsServed(
                "balance-service",
                given().get("/q/openapi").then().statusCode(200).extract().asString());
    }

    @Test
    void eachOperationRequiresItsRole() throws Exception {
        // Requests forwarded by a proxy come from elsewhere, so a service on loopback requires a key for them,
        // too.
        GuardedApi api = new GuardedApi(service, Map.of("X-Forwarded-For", "203.0.113.7"));
        assertThat(api.check("balance-service")).isGreaterThan(5);
    }
}
