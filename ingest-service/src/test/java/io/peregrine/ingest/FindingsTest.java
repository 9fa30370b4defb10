package io.peregrine.ingest;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.nullValue;

import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.rest.Cursor;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.SharedImages;
import io.peregrine.testkit.WithKafka;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Findings of a dataset are reported with its run and do not stop it.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class FindingsTest extends WithKafka {
    @ConfigProperty(name = "peregrine.roots")
    String roots;

    private Folder folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = new Folder(Files.createTempDirectory(Path.of(roots), "gallery"));
    }

    @Test
    void paintingsThatWereFiledUnderTwoStylesAreFound() throws Exception {
        try (Stream<Path> files = Files.list(SharedImages.at("decode-zoo/label-conflict"))) {
            for (Path file : files.toList()) {
                // pair1_Art_Nouveau_Modern_3181.jpg
                String name = file.getFileName().toString();
                String style = name.substring(name.indexOf('_') + 1, name.lastIndexOf('_'));
                folder.bytes("train/" + style + "/" + name, Files.readAllBytes(file));
            }
        }
        String run = seal();

        findings(run, "")
                .body(
                        "items.kind",
                        contains(Stream.generate(() -> "IDENTICAL_ACROSS_CLASSES")
                                .limit(4)
                                .toArray()))
                .body("items.images.path.flatten()", hasSize(8))
                .body("items[0].images.path", contains("pair1_Art_Nouveau_Modern_3181.jpg", "pair1_Symbolism_3512.jpg"))
                .body("items[0].images.label", contains("Art_Nouveau_Modern", "Symbolism"))
                .body("totals.kind", contains("IDENTICAL_ACROSS_CLASSES"))
                .body("totals[0].total", equalTo(4));
    }

    @Test
    void duplicatesAndNearDuplicatesAreReportedAcrossClassesAndSplits() throws Exception {
        byte[] copy = Folder.encoded("png", 77);
        folder.bytes("train/A \"b\"\n/1.png", copy)
                .bytes("train/A \"b\"\n/2.png", copy)
                .bytes("test/A \"b\"\n/3.png", copy)
                .bytes("train/c/4.jpg", jpegOf(copy))
                .bytes("train/C/5.png", Folder.encoded("png", 1234567))
                .bytes("train/C/.DS_Store", new byte[3]);
        String run = seal();

        findings(run, "")
                .body(
                        "items.kind",
                        contains(
                                "IDENTICAL_ACROSS_SPLITS",
                                "NEAR_ACROSS_CLASSES",
                                "NEAR_ACROSS_SPLITS",
                                "CLASS_NAMES_ALIKE",
                                "HIDDEN"))
                .body("items[0].count", equalTo(3))
                .body("items[0].images.path", containsInAnyOrder("1.png", "2.png", "3.png"))
                .body("items[0].images[0].label", equalTo("A \"b\"\n"))
                .body("items[1].images.path", contains("3.png", "4.jpg"))
                .body("items[1].distance", lessThanOrEqualTo(5))
                .body("items[3].names", contains("C", "c"))
                .body("items[4].names", contains("train/C/.DS_Store"))
                .body("nextCursor", nullValue());
        findings(run, "?kind=HIDDEN").body("items.kind", contains("HIDDEN")).body("totals", hasSize(5));
        assertThat(given().get("/q/metrics").asString())
                .containsPattern("peregrine_findings_total\\{kind=\"IDENTICAL_ACROSS_SPLITS\"} [1-9]");
    }

    @Test
    void filesThatWereNotUsedAreReportedWithCountExamplesAndRemedy() throws Exception {
        folder.image("train/cat/1.jpg").image("valid/cat/2.jpg").bytes("train/cat/3.jfif", Folder.encoded("jpg", 3));
        for (int i = 0; i < 25; i++) {
            folder.image("loose%d.jpg".formatted(i)).bytes("train/cat/%d.heic".formatted(i), new byte[3]);
        }
        String run = seal();

        findings(run, "")
                .body("items.kind", contains("LOOSE_IMAGES", "UNLISTED_EXTENSION"))
                .body("items.count", contains(25, 25))
                .body("items[0].names", hasSize(20))
                .body("items[0].detail", equalTo("25 images are in the dataset's folder without a class"))
                .body("items[1].detail", equalTo("25 files have the extension .heic, which is not read"))
                .body("items[1].remedy", equalTo("convert them to JPEG or PNG"))
                .body("totals.total", contains(1, 1))
                .body("totals.concerned", contains(25, 25));
        assertThat(kafka.await(run, DatasetSealed.class).images()).isEqualTo(3);
    }

    @Test
    void findingsArePagedAndThoseBeyondOneThousandAreOnlyCounted() throws Exception {
        folder.image("a/1.jpg");
        for (int i = 0; i < 1_005; i++) {
            folder.bytes("a/.%04d".formatted(i), new byte[0]);
        }
        String run = seal();

        List<String> names = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            ValidatableResponse page = findings(run, "?limit=300&cursor=" + cursor)
                    .body("totals[0].total", equalTo(1_005))
                    .body("totals[0].kept", equalTo(1_000));
            names.addAll(page.extract().path("items.names.flatten()"));
            cursor = page.extract().path("nextCursor");
            if (cursor != null) {
                page.header("Link", containsString("cursor=" + cursor));
            }
        }
        assertThat(names).hasSize(1_000).doesNotHaveDuplicates().isSorted();
        String tag = findings(run, "").extract().header("ETag");
        given().header("If-None-Match", tag)
                .get("/api/v1/datasets/" + run + "/findings")
                .then()
                .statusCode(304);
    }

    @Test
    void invalidRequestsReturnTheirProblemType() throws Exception {
        folder.bytes("a/1.jpg", Folder.halfJpeg());
        String failed = kafka.publish(ready());
        kafka.await(failed, RunFailed.class);
        problem(failed, "", 404, "not-sealed");
        problem("nonsense", "", 404, "run-unknown");
        folder.image("a/2.jpg");
        String run = seal();
        problem(run, "?limit=0", 400, "bad-limit");
        problem(run, "?cursor=x", 400, "bad-cursor");
        problem(run, "?kind=hidden", 400, "bad-kind");
        findings(run, "?cursor=" + Cursor.after(100).text()).body("items", hasSize(0));
        given().get("/q/openapi?format=json")
                .then()
                .body("paths.'/api/v1/datasets/{run}/findings'.get.operationId", equalTo("listFindings"))
                .body("components.schemas.FindingKind.enum", hasItem("NEAR_IN_CLASS"));
    }

    private static void problem(String run, String query, int status, String type) {
        given().get("/api/v1/datasets/" + run + "/findings" + query)
                .then()
                .statusCode(status)
                .contentType("application/problem+json")
                .body("type", equalTo("/api/v1/problems/" + type));
    }

    private static ValidatableResponse findings(String run, String query) {
        return given().get("/api/v1/datasets/" + run + "/findings" + query)
                .then()
                .statusCode(200);
    }

    private static byte[] jpegOf(byte[] png) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "jpg", out);
        return out.toByteArray();
    }

    private String seal() {
        String run = kafka.publish(ready());
        kafka.await(run, DatasetSealed.class);
        return run;
    }

    private String ready() {
        return "{\"dataset\":\"x\",\"uri\":\"%s\",\"image\":{\"side\":64},\"split\":{\"test\":0}}"
                .formatted(folder.uri());
    }
}
