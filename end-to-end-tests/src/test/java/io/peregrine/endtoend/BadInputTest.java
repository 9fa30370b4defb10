package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.Topics;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bad input is answered with an error or kept in quarantine with its reason, and other runs are not affected.
class BadInputTest {
    private static final String SMALL = """
            {"image":{"side":16},"balance":{"strategy":"auto","neighbours":2},
             "classifier":{"preset":"seed-cnn","epochs":1,"batchSize":8},
             "autoencoder":{"preset":"seed-autoencoder","epochs":1,"batchSize":8,"latent":4}}""";

    @TempDir
    static Path folder;

    private static PeregrineFixture fixture;
    private static Path gallery;

    @BeforeAll
    static void open() throws Exception {
        gallery = folder.resolve("roots/gallery");
        SyntheticPaintings.write(gallery, 16, 2, 8, 5);
        fixture = PeregrineFixture.open(folder.resolve("data"), folder.resolve("roots"));
    }

    @AfterAll
    static void close() throws Exception {
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "peregrine.datasets|\u0000\u0001 no event|NOT_AN_EVENT",
                "peregrine.datasets|{\"uri\":\"file:///somewhere\"}|BAD_DATA",
                "peregrine.datasets|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"com.example.hello\",\"data\":{}}|UNKNOWN_TYPE",
                "peregrine.runs|half an ev|NOT_AN_EVENT",
                "peregrine.shards|{}|NOT_AN_EVENT"
            })
    void aRecordThatIsNotAnEventIsQuarantined(String topic, String value, String kind) throws Exception {
        byte[] bytes = value.getBytes(UTF_8);
        String digest =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        long offset = fixture.publishBytes(topic, bytes);

        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            JsonNode kept = fixture.get("/api/v1/quarantine?limit=100").get("items");
            assertThat(kept).anySatisfy(row -> {
                assertThat(row.get("topic").textValue()).isEqualTo(topic);
                assertThat(row.get("offset").longValue()).isEqualTo(offset);
                assertThat(row.get("digest").textValue()).isEqualTo(digest);
                assertThat(row.get("kind").textValue()).isEqualTo(kind);
                assertThat(row.get("message").textValue()).isNotBlank();
            });
        });
        aValidRunSucceedsAfterwards("good-behind-" + kind + "-" + topic);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "negative-epochs|{\"classifier\":{\"epochs\":-1}}|/classifier/epochs|a whole number from 1",
                "misspelt|{\"clasifier\":{\"epochs\":1}}|/clasifier|did you mean 'classifier'"
            })
    void anInvalidSpecificationIsReportedByField(String dataset, String spec, String field, String remedy)
            throws Exception {
        String run = fixture.publish(dataset, gallery, spec);

        RunFailed failed = (RunFailed) fixture.awaitEnd(run);
        assertThat(failed.errors()).singleElement().satisfies(error -> {
            assertThat(error.field()).isEqualTo(field);
            assertThat(error.remedy()).contains(remedy);
        });
        Awaitility.await()
                .atMost(Duration.ofSeconds(15))
                .untilAsserted(() -> assertThat(
                                fixture.get("/api/v1/runs/" + run).get("state").textValue())
                        .isEqualTo("failed"));
        aValidRunSucceedsAfterwards("valid-after-" + dataset);
    }

    @Test
    void aMissingOrForbiddenFolderFailsTheRun() throws Exception {
        Path outside = folder.resolve("outside");
        SyntheticPaintings.write(outside, 16, 1, 3, 3);
        Path link = Files.createSymbolicLink(folder.resolve("roots/link"), outside);

        assertThat(failure("missing", folder.resolve("roots/nothing-here")).reason())
                .isEqualTo("FOLDER_MISSING");
        assertThat(failure("outside", outside).reason()).isEqualTo("OUTSIDE_ROOTS");
        assertThat(failure("link", link).reason()).isEqualTo("OUTSIDE_ROOTS");
        aValidRunSucceedsAfterwards("valid-after-folders");
    }

    @Test
    void aRunMayHaveMoreClassesThanFitIntoAnEvent() throws Exception {
        Path many = folder.resolve("roots/many");
        TinyImages.write(many, 260, 3);

        String run = fixture.publish("many", many, """
                {"image":{"side":8},"split":{"test":0.34},"balance":{"strategy":"none"},
                 "classifier":{"preset":"seed-cnn","epochs":1},"autoencoder":{"preset":"seed-autoencoder","epochs":1,"latent":4}}""");

        assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
        JsonNode details = fixture.get("/api/v1/runs/" + run);
        assertThat(details.get("classCount").intValue()).isEqualTo(260);
        assertThat(details.has("classes")).isFalse();
        assertThat(details.at("/classifier/test/images").intValue()).isEqualTo(260);
        assertThat(fixture.items("/api/v1/runs/" + run + "/classes"))
                .hasSize(260)
                .allSatisfy(one -> assertThat(one.get("after").intValue()).isEqualTo(2))
                .allSatisfy(one -> assertThat(one.get("recall").isNumber()).isTrue());
        assertThat(fixture.items("/api/v1/runs/" + run + "/confusion").stream()
                        .mapToInt(cell -> cell.get("count").intValue())
                        .sum())
                .isEqualTo(260);
        assertThat(fixture.items("/api/v1/runs/" + run + "/clusters")).hasSize(260);
        assertThat(fixture.status("/api/v1/runs/" + run + "/charts/confusion.svg"))
                .isEqualTo(422);
        aValidRunSucceedsAfterwards("valid-after-many");
    }

    @Test
    void aClassThatIsTooSmallIsReportedWithTheMinimum() throws Exception {
        Path lonely = folder.resolve("roots/lonely");
        SyntheticPaintings.write(lonely, 16, 1, 8, 1);

        RunFailed failed = failure("lonely", lonely);

        assertThat(failed.reason()).isEqualTo("CLASS_TOO_SMALL");
        assertThat(failed.detail()).contains("Style_1").contains("1").contains("neighbours");
        aValidRunSucceedsAfterwards("valid-after-lonely");
    }

    @Test
    void damagedImagesAreRejectedAndTheRunCompletes() throws Exception {
        Path damaged = folder.resolve("roots/damaged");
        SyntheticPaintings.write(damaged, 16, 2, 8, 5);
        byte[] jpeg = jpeg();
        Files.write(damaged.resolve("train/Style_0/half.jpg"), java.util.Arrays.copyOf(jpeg, jpeg.length / 2));
        Files.write(damaged.resolve("train/Style_0/huge.png"), pngHeader(30_000, 30_000));
        Files.writeString(damaged.resolve("train/Style_1/words.png"), "these are words");

        String run = fixture.publish("damaged", damaged, SMALL);

        assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
        assertThat(fixture.listener().of(run, ImageRejected.class))
                .extracting(ImageRejected::source, ImageRejected::reason)
                .containsExactlyInAnyOrder(
                        org.assertj.core.groups.Tuple.tuple("half.jpg", "IMAGE_TRUNCATED"),
                        org.assertj.core.groups.Tuple.tuple("huge.png", "IMAGE_TOO_LARGE"),
                        org.assertj.core.groups.Tuple.tuple("words.png", "NOT_AN_IMAGE"));
    }

    @Test
    void twoConcurrentRunsCompleteAndARepeatChangesNothing() throws Exception {
        String first = fixture.publish("twin-1", gallery, SMALL);
        String second = fixture.publish("twin-2", gallery, SMALL);
        assertThat(fixture.awaitEnd(first)).isInstanceOf(RunCompleted.class);
        assertThat(fixture.awaitEnd(second)).isInstanceOf(RunCompleted.class);
        assertThat(checkpoints(first)).isEqualTo(checkpoints(second)).isNotEmpty();

        List<CloudEvent> before = answersTo(first);
        JsonNode details = fixture.get("/api/v1/runs/" + first);
        assertThat(fixture.publish("twin-1", gallery, SMALL)).isEqualTo(first);
        aValidRunSucceedsAfterwards("after-the-repeat");
        assertThat(answersTo(first)).isEqualTo(before);
        assertThat(fixture.get("/api/v1/runs/" + first)).isEqualTo(details);
    }

    @Test
    void anEventWithAUsedIdAndOtherContentIsQuarantined() throws Exception {
        String run = fixture.publish("conflict", gallery, SMALL);
        assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);

        fixture.publish("conflict", gallery, "{\"image\":{\"side\":24}}");

        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(
                                fixture.get("/api/v1/quarantine?limit=100").get("items"))
                        .anySatisfy(
                                row -> assertThat(row.get("kind").textValue()).isEqualTo("EVENT_ID_CONFLICT")));
        assertThat(fixture.get("/api/v1/runs/" + run).get("state").textValue()).isEqualTo("completed");
    }

    @Test
    void aCancelledRunStopsWithinSecondsAndPublishesNothingAfterwards() throws Exception {
        String concurrent = fixture.publish("concurrent-with-the-cancelled", gallery, SMALL);
        String run = fixture.publish("cancelled", gallery, """
                {"image":{"side":64},"balance":{"strategy":"none"},
                 "classifier":{"preset":"seed-cnn","epochs":5000,"batchSize":8},
                 "autoencoder":{"preset":"seed-autoencoder","epochs":1,"latent":4}}""");
        Awaitility.await()
                .atMost(Duration.ofMinutes(3))
                .until(() -> fixture.listener().of(run, StageProgressed.class).stream()
                        .anyMatch(p -> p.stage().jsonName().equals("train")));

        assertThat(fixture.post("/api/v1/runs/" + run + "/cancel", "").statusCode())
                .isEqualTo(202);

        assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCancelled.class);
        long cancelledAt = fixture.listener()
                .records(run)
                .filter(h -> h.event().data() instanceof RunCancelled)
                .findFirst()
                .orElseThrow()
                .at();
        aValidRunSucceedsAfterwards("after-the-cancelled");
        assertThat(fixture.awaitEnd(concurrent)).isInstanceOf(RunCompleted.class);
        assertThat(fixture.listener().records(run).filter(h -> h.at() > cancelledAt + 3_000))
                .isEmpty();
        assertThat(fixture.post("/api/v1/runs/" + run + "/cancel", "").statusCode())
                .isEqualTo(409);
    }

    @Test
    void bareJsonFromAnyProducerIsARun() throws Exception {
        fixture.publishBytes(
                Topics.DATASETS,
                "{\"dataset\":\"bare\",\"uri\":\"%s\",\"image\":{\"side\":16},\"balance\":{\"strategy\":\"none\"},\"classifier\":{\"epochs\":1},\"autoencoder\":{\"epochs\":1,\"latent\":4}}"
                        .formatted(gallery.toUri())
                        .getBytes(UTF_8));
        String run = Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> fixture.listener().runOf("bare"), java.util.Optional::isPresent)
                .orElseThrow();
        assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
    }

    /// The services' events of a run, without the dataset-ready event, which the test published.
    private static List<CloudEvent> answersTo(String run) {
        return fixture.listener().of(run).stream()
                .filter(event -> !(event.data() instanceof PipelineEvent.DatasetReady))
                .toList();
    }

    private static void aValidRunSucceedsAfterwards(String dataset) throws Exception {
        assertThat(fixture.awaitEnd(fixture.publish(dataset, gallery, SMALL))).isInstanceOf(RunCompleted.class);
    }

    private static RunFailed failure(String dataset, Path uri) throws Exception {
        PipelineEvent end = fixture.awaitEnd(fixture.publish(dataset, uri, SMALL));
        assertThat(end).isInstanceOf(RunFailed.class);
        return (RunFailed) end;
    }

    private static Map<String, String> checkpoints(String run) {
        return fixture.listener().of(run, CheckpointPublished.class).stream()
                .collect(java.util.stream.Collectors.toMap(
                        c -> c.network() + " " + c.epoch(), c -> c.weights().sha256()));
    }

    private static byte[] jpeg() throws Exception {
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        javax.imageio.ImageIO.write(SyntheticPaintings.painting(0, 64, 9), "jpg", out);
        return out.toByteArray();
    }

    /// A PNG that ends after its header.
    private static byte[] pngHeader(int width, int height) {
        ByteBuffer chunk = ByteBuffer.allocate(17);
        chunk.put("IHDR".getBytes(UTF_8)).putInt(width).putInt(height).put(new byte[] {8, 2, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(chunk.array());
        return ByteBuffer.allocate(33)
                .put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'})
                .putInt(13)
                .put(chunk.array())
                .putInt((int) crc.getValue())
                .array();
    }
}
