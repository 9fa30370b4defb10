package io.peregrine.ingest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.testkit.KafkaFixture;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class DatasetsResourceTest {
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @ConfigProperty(name = "peregrine.roots")
    String roots;

    private Folder folder;

    @BeforeEach
    void makeAGallery() throws IOException {
        folder = new Folder(Files.createTempDirectory(Path.of(roots), "gallery"));
        folder.image("Cubism/a.jpg").image("Rococo/b.png");
    }

    @Test
    void aPublishedDatasetIsTheSameEventOnKafkaAndStartsItsRun() {
        try (KafkaFixture kafka = new KafkaFixture(bootstrapServers)) {
            ValidatableResponse answer = publish(body("rest", 16), null).statusCode(202);

            String run = answer.extract().path("run");
            answer.header("Location", equalTo("http://localhost:8084/api/v1/runs/" + run));
            assertThat(kafka.await(run, DatasetReady.class).body().get("uri").textValue())
                    .isEqualTo(folder.uri());
            assertThat(kafka.await(run, DatasetSealed.class).images()).isEqualTo(2);
        }
    }

    @Test
    void theSameKeyWithTheSameBodyIsTheSameRunAndWithAnotherBodyIsRejected() {
        String key = UUID.randomUUID().toString();
        String run = publish(body("rest", 16), key).statusCode(202).extract().path("run");

        publish(body("rest", 16).replace(",", ", "), key).statusCode(202).body("run", equalTo(run));
        publish(body("rest", 24), key)
                .statusCode(422)
                .contentType("application/problem+json")
                .body("type", equalTo("/api/v1/problems/key-reused"))
                .body("detail", containsString(run));
        publish(body("rest", 16), null).statusCode(202);
        assertThat(publish(body("rest", 16), null).extract().<String>path("run"))
                .isNotEqualTo(run);
        publish(body("rest", 16), "two words").statusCode(400).body("type", equalTo("/api/v1/problems/bad-key"));
    }

    @Test
    void theKeyOfADeletedRunIsRejected() {
        String key = UUID.randomUUID().toString();
        String run = publish(body("deleted", 16), key).statusCode(202).extract().path("run");
        try (KafkaFixture kafka = new KafkaFixture(bootstrapServers)) {
            kafka.publish(new RunDeleted(kafka.await(run, DatasetSealed.class).run()), "cluster-service", "");
        }

        Awaitility.await()
                .untilAsserted(() -> publish(body("deleted", 16), key)
                        .statusCode(410)
                        .body("type", equalTo("/api/v1/problems/run-deleted"))
                        .body("detail", containsString(run)));
    }

    @Test
    void everyFieldsErrorComesWithItsPointer() {
        publish("{\"uri\":\"%s\",\"image\":{\"side\":9},\"classifer\":{}}".formatted(folder.uri()), null)
                .statusCode(422)
                .contentType("application/problem+json")
                .body("title", equalTo("The specification is invalid"))
                .body("instance", equalTo("/api/v1/datasets"))
                .body("errors.pointer", containsInAnyOrder("/dataset", "/image/side", "/classifer"))
                .body("errors.detail.find { it.contains('classifier') }", containsString("did you mean"));
        publish("{\"dataset\":\"x\",\"uri\":\"file:///etc\"}", null)
                .statusCode(422)
                .body("errors", hasSize(1))
                .body("errors[0].pointer", equalTo("/uri"))
                .body("errors[0].detail", startsWith("OUTSIDE_ROOTS"));
        publish("{\"dataset\":\"x\",\"uri\":\"%sgone\"}".formatted(folder.uri()), null)
                .statusCode(422)
                .body("errors[0].detail", startsWith("FOLDER_MISSING"));
        publish(
                        "{\"dataset\":\"x\",\"uri\":\"%s\",\"autoencoder\":{\"initialWeights\":\"%sRococo/b.png\"}}"
                                .formatted(folder.uri(), folder.uri()),
                        null)
                .statusCode(422)
                .body("errors[0].pointer", equalTo("/autoencoder/initialWeights"))
                .body("errors[0].detail", startsWith("INITIAL_WEIGHTS_UNREADABLE: b.png is not a safetensors file"));
    }

    @Test
    void aBodyThatIsNotAJsonObjectIsABadRequest() {
        for (String body : new String[] {"{\"dataset\":", "[]", "7", "null"}) {
            publish(body, null).statusCode(400).body("type", equalTo("/api/v1/problems/bad-json"));
        }
        publish("", null).statusCode(400);
        given().contentType("text/plain")
                .body("dataset")
                .post("/api/v1/datasets")
                .then()
                .statusCode(415)
                .contentType("application/problem+json")
                .body(
                        "detail",
                        // The client adds a character set to the type.
                        matchesPattern("The body's Content-Type is text/plain.*; it must be application/json, or"
                                + " application/cloudevents\\+json where the operation accepts CloudEvents\\..*"));
        publish("{\"dataset\":\"%s\"}".formatted("x".repeat(70_000)), null).statusCode(413);
    }

    @Test
    void problemTypesAndTheOpenApiDocumentAreServed() {
        given().get("/api/v1/problems/bad-spec").then().statusCode(200).body("status", equalTo(422));
        given().get("/api/v1/problems/no-such").then().statusCode(404).contentType("application/problem+json");
        given().get("/q/openapi?format=json")
                .then()
                .statusCode(200)
                .body("paths.'/api/v1/datasets'.post.operationId", equalTo("publishDataset"))
                .body(
                        "paths.'/api/v1/datasets'.post.responses.keySet()",
                        containsInAnyOrder("202", "400", "410", "401", "403", "422", "503", "default"));
        given().get("/q/health/ready").then().statusCode(200);
        given().get("/q/metrics").then().body(containsString("peregrine_images_ingested_total{result=\"decoded\"}"));
    }

    @Test
    void aCloudEventWithTheSameIdStartsTheSameRun() {
        // A side of its own: runs of other tests must not share its packs.
        String body = body("by-event", 40);
        String binary = event("7", "/me", body).statusCode(202).extract().path("run");
        event("7", "/me", body).statusCode(202).body("run", equalTo(binary));
        event("7", "/another", body).statusCode(202).body("run", not(equalTo(binary)));
        event("8", "/me", body).statusCode(202).body("run", not(equalTo(binary)));
        event("7", "/me", body("by-event", 48)).statusCode(422);
        given().contentType("application/cloudevents+json")
                .body("""
                        {"specversion":"1.0","id":"7","source":"/me","type":"io.peregrine.dataset.ready.v1","data":%s}""".formatted(body))
                .post("/api/v1/datasets")
                .then()
                .statusCode(202)
                .body("run", equalTo(binary));
    }

    @Test
    void anInvalidCloudEventIsRefused() {
        String body = body("by-event", 32);
        given().header("ce-id", "7")
                .header("ce-specversion", "0.3")
                .contentType("application/json")
                .body(body)
                .post("/api/v1/datasets")
                .then()
                .statusCode(400)
                .body("detail", containsString("it must be 1.0"));
        given().header("ce-id", "7")
                .contentType("application/json")
                .body(body)
                .post("/api/v1/datasets")
                .then()
                .statusCode(400)
                .body("detail", containsString("ce-source"));
        given().header("ce-id", "7")
                .header("ce-type", "other")
                .contentType("application/json")
                .body(body)
                .post("/api/v1/datasets")
                .then()
                .statusCode(400)
                .body("detail", containsString("dataset.ready"));
        given().header("ce-id", "7")
                .header("Idempotency-Key", "k")
                .contentType("application/json")
                .body(body)
                .post("/api/v1/datasets")
                .then()
                .statusCode(400)
                .body("type", equalTo("/api/v1/problems/bad-event"));
        given().contentType("application/cloudevents+json")
                .body("null")
                .post("/api/v1/datasets")
                .then()
                .statusCode(400)
                .body("type", equalTo("/api/v1/problems/bad-event"));
        publish(body.replace("by-event", "\\ud800"), null).statusCode(400).body("detail", containsString("surrogate"));
    }

    private static ValidatableResponse event(String id, String source, String body) {
        return given().header("ce-specversion", "1.0")
                .header("ce-id", id)
                .header("ce-source", source)
                .header("ce-type", "io.peregrine.dataset.ready.v1")
                .contentType("application/json")
                .body(body)
                .post("/api/v1/datasets")
                .then();
    }

    private static ValidatableResponse publish(String body, String key) {
        return (key == null ? given() : given().header("Idempotency-Key", key))
                .contentType("application/json")
                .body(body)
                .post("/api/v1/datasets")
                .then();
    }

    private String body(String dataset, int side) {
        return "{\"dataset\":\"%s\",\"uri\":\"%s\",\"image\":{\"side\":%d}}".formatted(dataset, folder.uri(), side);
    }
}
