package io.peregrine.ingest;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.emptyOrNullString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.not;

import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class SpecificationResourceTest {
    @Test
    void aFormCanBeDrawnFromTheSchema() {
        given().get("/api/v1/specification")
                .then()
                .statusCode(200)
                .contentType("application/schema+json")
                .body("$schema", equalTo("https://json-schema.org/draft/2020-12/schema"))
                .body("required", containsInAnyOrder("dataset", "uri"))
                .body("properties.image.properties.side.minimum", equalTo(8))
                .body("properties.image.properties.side.multipleOf", equalTo(8))
                .body("properties.image.properties.fit.enum", hasItems("stretch", "cover", "letterbox"))
                .body("properties.classifier.properties.epochs.default", equalTo(20))
                .body("properties.classifier.properties.epochs.description", not(emptyOrNullString()));
    }

    @Test
    void theSchemaIsNotSentAgain() {
        String tag = given().get("/api/v1/specification").header("ETag");
        given().header("If-None-Match", tag).get("/api/v1/specification").then().statusCode(304);
    }
}
