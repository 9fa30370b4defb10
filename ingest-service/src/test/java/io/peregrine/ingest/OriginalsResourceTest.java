package io.peregrine.ingest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.Split;
import io.peregrine.ingest.dataset.ContentKeys;
import io.peregrine.testkit.KafkaFixture;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class OriginalsResourceTest {
    private static final byte[] PAGE = "<html><script>alert(1)</script>".getBytes();

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @ConfigProperty(name = "peregrine.roots")
    String roots;

    @Test
    void anOriginalIsServedWithItsRealTypeAndNeverIfItChangedSinceListing() throws Exception {
        Path root = Files.createTempDirectory(Path.of(roots), "gallery");
        byte[] painting = Folder.encoded("png", 7);
        // The extension does not match the content.
        Folder folder = new Folder(root)
                .bytes("train/Cubism/a \"ü\".jpg", painting)
                .bytes("train/Cubism/page.png", PAGE)
                // Split folders, so that no split is drawn and every image stays where it is.
                .image("test/Cubism/tested.jpg")
                .image("train/Cubism/changed.jpg")
                .image("train/Cubism/gone.jpg")
                .image("train/Cubism/moved.jpg");
        String run;
        try (KafkaFixture kafka = new KafkaFixture(bootstrapServers)) {
            run = given().contentType("application/json")
                    .body("{\"dataset\":\"o\",\"uri\":\"%s\",\"image\":{\"side\":16}}".formatted(folder.uri()))
                    .post("/api/v1/datasets")
                    .then()
                    .statusCode(202)
                    .extract()
                    .path("run");
            kafka.await(run, DatasetSealed.class);
        }

        ValidatableResponse answer = original(run, "a \"ü\".jpg")
                .statusCode(200)
                .contentType("image/png")
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Length", Integer.toString(painting.length))
                .header("Content-Disposition", "inline; filename*=UTF-8''a%20%22%C3%BC%22.jpg");
        assertThat(answer.extract().asByteArray()).isEqualTo(painting);
        for (String weak : new String[] {"", "W/"}) {
            given().header("If-None-Match", weak + answer.extract().header("ETag"))
                    .get("/api/v1/runs/{run}/images/{id}/original", run, id("a \"ü\".jpg"))
                    .then()
                    .statusCode(304);
        }
        byte[] end = given().header("Range", "bytes=-5")
                .get("/api/v1/runs/{run}/images/{id}/original", run, id("a \"ü\".jpg"))
                .then()
                .statusCode(206)
                .contentType("image/png")
                .header(
                        "Content-Range",
                        "bytes %1$d-%2$d/%3$d".formatted(painting.length - 5, painting.length - 1, painting.length))
                .header("Content-Security-Policy", containsString("sandbox"))
                .extract()
                .asByteArray();
        assertThat(end).isEqualTo(Arrays.copyOfRange(painting, painting.length - 5, painting.length));
        original(run, "page.png")
                .statusCode(200)
                .contentType("application/octet-stream")
                .header("Content-Disposition", containsString("attachment"))
                .header("Content-Security-Policy", containsString("sandbox"));

        Path cubism = root.resolve("train/Cubism");
        Files.write(cubism.resolve("changed.jpg"), painting);
        Files.delete(cubism.resolve("gone.jpg"));
        // The same bytes, but outside the roots.
        Path outside = Files.move(
                cubism.resolve("moved.jpg"),
                Files.createTempDirectory("outside").resolve("m.jpg"));
        Files.createSymbolicLink(cubism.resolve("moved.jpg"), outside);
        gone(run, "changed.jpg", "IMAGE_CHANGED");
        gone(run, "gone.jpg", "IMAGE_UNREADABLE");
        gone(run, "moved.jpg", "LINK_OUTSIDE_ROOTS");
        Files.delete(outside);

        original(run, "never.jpg").statusCode(404).body("type", equalTo("/api/v1/problems/image-unknown"));
        original("nonsense", "gone.jpg").statusCode(404).body("type", equalTo("/api/v1/problems/run-unknown"));
    }

    private static void gone(String run, String path, String reason) {
        original(run, path)
                .statusCode(410)
                .contentType("application/problem+json")
                .body("type", equalTo("/api/v1/problems/original-gone"))
                .body("detail", containsString(reason))
                .body("detail", containsString(path));
    }

    private static String id(String path) {
        return ContentKeys.imageId(Split.TRAIN, "Cubism", path);
    }

    private static ValidatableResponse original(String run, String path) {
        return given().get("/api/v1/runs/{run}/images/{id}/original", run, id(path))
                .then();
    }
}
