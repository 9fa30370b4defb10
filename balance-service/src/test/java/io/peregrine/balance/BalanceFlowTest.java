package io.peregrine.balance;

import static io.peregrine.balance.SealedDataset.classes;
import static io.peregrine.balance.SequentialBalancing.assertEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import io.peregrine.artifacts.BalancedRows;
import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// From a sealed dataset to a balanced one, on a real broker and a real database.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "balance"))
@TestProfile(BalanceFlowTest.SmallTiles.class)
class BalanceFlowTest extends WithKafka {
    private static final int SIDE = 24;

    /// Memory for tiles of some 8 rows: six threads cannot each have blocks of all 30 images. Jobs are so small
    /// that several jobs on two workers share a class.
    public static final class SmallTiles implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "peregrine.balance.memory", "600K",
                    "peregrine.balance.threads", "6",
                    "peregrine.balance.job-products", "500000",
                    "peregrine.work.threads", "2");
        }
    }

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    private RunRef run(String strategy, int neighbours) throws Exception {
        return SealedDataset.run(
                store, "{\"strategy\": %s, \"neighbours\": %d, \"seed\": 7}".formatted(strategy, neighbours));
    }

    private List<ClassBalance> balance(DatasetBalanced balanced) {
        return ClassBalance.open(store, balanced.balance());
    }

    @Test
    void aSealedDatasetBecomesTheSameShardsAsSequentially() throws Exception {
        double samplesBefore = samples("Ukiyo_e");
        RunRef run = run("{\"counts\": {\"Baroque\": 3000, \"Ukiyo_e\": 2500}}", 5);
        DatasetSealed sealed = SealedDataset.publish(store, run, SIDE, classes(30, 12, 4, 9), 1);
        kafka.publish(sealed, "ingest-service", "");

        DatasetBalanced balanced = kafka.await(run.id(), DatasetBalanced.class);
        assertThat(balanced.rows()).isEqualTo(3_000 + 12 + 4 + 2_500);
        assertThat(balanced.synthetic()).isEqualTo(2_970 + 2_491);
        assertThat(balanced.manifest()).isEqualTo(sealed.manifest());
        assertThat(balance(balanced))
                .containsExactly(
                        new ClassBalance("Baroque", 30, 2_970, 0),
                        new ClassBalance("Cubism", 12, 0, 0),
                        new ClassBalance("Rococo", 4, 0, 0),
                        new ClassBalance("Ukiyo_e", 9, 2_491, 0));
        List<RecipeShard> expected = SequentialBalancing.shards(store, sealed);
        assertThat(balanced.shards()).hasSize(2).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertEqual(RecipeShard.open(store, balanced.shards().get(i)), expected.get(i));
        }
        Awaitility.await().until(() -> kafka.of(run.id(), ShardWritten.class).size() == 2);
        assertThat(kafka.of(run.id(), ShardWritten.class))
                .containsExactlyInAnyOrder(
                        new ShardWritten(run, 0, 2, balanced.shards().get(0), 4_096),
                        new ShardWritten(run, 1, 2, balanced.shards().get(1), 1_420));
        assertThat(kafka.of(run.id(), StageProgressed.class))
                .isNotEmpty()
                .allSatisfy(progress -> assertThat(progress.stage()).isEqualTo(Stage.BALANCE));
        assertThat(count("job", run))
                .as("plan, shares of Baroque and their draw, Ukiyo_e, assemble")
                .isGreaterThan(5);
        assertThat(count("balance_found", run))
                .as("partial results are deleted when recipes are drawn")
                .isZero();
        assertThat(samples("Ukiyo_e") - samplesBefore).isEqualTo(2_491);
        RestAssured.get("/q/metrics")
                .then()
                .statusCode(200)
                .body(containsString("peregrine_smote_neighbour_ties_total"))
                .body(containsString("peregrine_smote_neighbour_seconds_count"))
                .body(containsString("peregrine_shard_bytes_total"));
    }

    @Test
    void everySyntheticRowHasItsProvenance() throws Exception {
        RunRef run = run("\"auto\"", 5);
        DatasetSealed sealed = SealedDataset.publish(store, run, SIDE, classes(30, 12, 9), 9);
        kafka.publish(sealed, "ingest-service", "");
        DatasetBalanced balanced = kafka.await(run.id(), DatasetBalanced.class);
        BalancedRows rows = BalancedRows.open(store, balanced.shards(), 90);
        String base = "/api/v1/runs/" + run.id();

        RestAssured.get(base + "/balance")
                .then()
                .statusCode(200)
                .body("state", equalTo("balanced"))
                .body("rows", equalTo(90))
                .body("classes.before", contains(30, 12, 9))
                .body("classes.after", contains(30, 30, 30))
                .body("classes[1].neighbours", equalTo(5))
                .body("classes[1].productsDone", equalTo(classProducts(base)))
                .body("arrayBytes", equalTo(90 * 3 * SIDE * SIDE * 4))
                .body("secondsLeft", equalTo(0f));
        ValidatableResponse first = RestAssured.get(base + "/samples?label=Rococo&limit=20")
                .then()
                .statusCode(200)
                .body("items", hasSize(20))
                .body("items[0].ordinal", equalTo(69))
                .body("items[0].base.row", equalTo(rows.base(69)))
                .body("items[0].neighbour.row", equalTo(rows.neighbour(69)))
                .body("items[0].base.label", equalTo("Rococo"))
                .header("Link", containsString("label=Rococo"));
        String next = first.extract().path("nextCursor");
        RestAssured.get(base + "/samples?label=Rococo&limit=20&cursor=" + next)
                .then()
                .body("items.ordinal", contains(89))
                .body("nextCursor", nullValue());
        BufferedImage three = image(base + "/samples/69/image");
        assertThat(three.getWidth()).isEqualTo(3 * SIDE + 4 * 4);
        float[] synthetic = new float[3 * SIDE * SIDE];
        try (PixelRows pixels = new PixelRows(store, Manifest.open(store, sealed.manifest()))) {
            rows.image(pixels, 69, synthetic);
        }
        assertThat(three.getRGB(4 + SIDE + 4, 4) >> 16 & 0xff).isEqualTo(Math.round(synthetic[0]));
        assertThat(image(base + "/samples/sheet?limit=7").getHeight()).isEqualTo(6 * SIDE + 7 * 4);
        // The service has memory for twelve images.
        assertThat(image(base + "/samples/sheet").getHeight()).isEqualTo(6 * SIDE + 7 * 4);
        RestAssured.get(base + "/samples/sheet?limit=13")
                .then()
                .statusCode(422)
                .body("type", equalTo("/api/v1/problems/drawing-too-large"))
                .body("detail", containsString("limit may be at most 12"));
        RestAssured.get(base + "/samples/69/nearest-other-class?limit=2")
                .then()
                .statusCode(200)
                .body("items", hasSize(2))
                .body("items.image.label", everyItem(not(equalTo("Rococo"))))
                .body("closerToOtherClass", instanceOf(Boolean.class))
                .body("toBase", greaterThanOrEqualTo(0f));
        for (String wrong : List.of("/samples/90", "/samples/x", "/samples/-1/image", "/samples?label=Rokoko")) {
            RestAssured.get(base + wrong)
                    .then()
                    .statusCode(404)
                    .contentType("application/problem+json")
                    .body("type", startsWith("/api/v1/problems/"))
                    .body("detail", not(emptyString()));
        }
        for (String path :
                List.of("/samples?limit=3", "/samples/69", "/samples/69/image", "/samples/69/nearest-other-class")) {
            String etag = RestAssured.get(base + path)
                    .then()
                    .statusCode(200)
                    .extract()
                    .header("ETag");
            RestAssured.given()
                    .header("If-None-Match", etag)
                    .get(base + path)
                    .then()
                    .statusCode(304);
        }
        RestAssured.get(base + "/samples?limit=0").then().statusCode(400);
        RestAssured.get("/api/v1/runs/nothing/balance")
                .then()
                .statusCode(404)
                .body("title", equalTo("No such balance"));
    }

    private static int classProducts(String base) {
        return RestAssured.get(base + "/balance").path("classes[1].products");
    }

    private static BufferedImage image(String address) throws IOException {
        byte[] png = RestAssured.get(address)
                .then()
                .statusCode(200)
                .contentType("image/png")
                .extract()
                .asByteArray();
        return ImageIO.read(new ByteArrayInputStream(png));
    }

    @Test
    void withoutSyntheticImagesTheRealOnesAreShuffledIntoAShard() throws Exception {
        RunRef run = run("\"none\"", 5);
        DatasetSealed sealed = SealedDataset.publish(store, run, SIDE, classes(3, 1), 2);
        kafka.publish(sealed, "ingest-service", "");

        DatasetBalanced balanced = kafka.await(run.id(), DatasetBalanced.class);
        assertThat(balanced.rows()).isEqualTo(4);
        RecipeShard shard = RecipeShard.open(store, balanced.shards().getFirst());
        assertEqual(shard, SequentialBalancing.shards(store, sealed).getFirst());
        assertThat(shard.neighbour()).isEqualTo(shard.base());
    }

    @Test
    void aClassThatIsTooSmallFailsItsRunAndTheNextRunSucceeds() throws Exception {
        RunRef small = run("\"auto\"", 5);
        RunRef good = run("\"auto\"", 3);
        kafka.publish(SealedDataset.publish(store, small, SIDE, classes(30, 12, 5), 3), "ingest-service", "");
        kafka.publish(SealedDataset.publish(store, good, SIDE, classes(30, 12, 5), 3), "ingest-service", "");

        RunFailed failed = kafka.await(small.id(), RunFailed.class);
        assertThat(failed.stage()).isEqualTo(Stage.BALANCE);
        assertThat(failed.kind()).isEqualTo(FailureKind.INPUT);
        assertThat(failed.reason()).isEqualTo("CLASS_TOO_SMALL");
        assertThat(failed.detail()).contains("5 of class Rococo", "at most 4", "adaptive");
        assertThat(kafka.await(good.id(), DatasetBalanced.class).rows()).isEqualTo(90);
        assertThat(kafka.of(small.id(), DatasetBalanced.class)).isEmpty();
    }

    @Test
    void adaptiveNeighboursAndEvenBaseSamplingGiveTheSameShardsAsSequentially() throws Exception {
        RunRef run = SealedDataset.run(store, """
                {"strategy": "auto", "neighbours": "adaptive", "baseSampling": "even", "seed": 7}""");
        DatasetSealed sealed = SealedDataset.publish(store, run, SIDE, classes(30, 12, 2, 4), 6);
        kafka.publish(sealed, "ingest-service", "");
        DatasetBalanced balanced = kafka.await(run.id(), DatasetBalanced.class);
        assertThat(balance(balanced))
                .containsExactly(
                        new ClassBalance("Baroque", 30, 0, 0),
                        new ClassBalance("Cubism", 12, 18, 0),
                        new ClassBalance("Rococo", 2, 28, 0, null, 1, null, null),
                        new ClassBalance("Ukiyo_e", 4, 26, 0, null, 3, null, null));
        RecipeShard shard = RecipeShard.open(store, balanced.shards().getFirst());
        assertEqual(shard, SequentialBalancing.shards(store, sealed).getFirst());
        Map<Long, Long> uses = new LinkedHashMap<>();
        for (int i = 0; i < shard.rows(); i++) {
            if (shard.label()[i] == 1 && shard.ordinal()[i] >= 48) {
                uses.merge(shard.base()[i], 1L, Long::sum);
            }
        }
        assertThat(uses)
                .hasSize(12)
                .allSatisfy((base, times) -> assertThat(times).isBetween(1L, 2L));
    }

    @Test
    void randomOverAndUnderSamplingAndClassWeightsNeedNoNeighbours() throws Exception {
        RunRef over = SealedDataset.run(store, "{\"method\": \"random-over\", \"strategy\": \"auto\", \"seed\": 7}");
        RunRef under = SealedDataset.run(store, "{\"method\": \"random-under\", \"seed\": 7}");
        RunRef weights = SealedDataset.run(store, "{\"method\": \"class-weights\", \"seed\": 7}");
        Map<RunRef, DatasetSealed> sealed = new LinkedHashMap<>();
        for (RunRef run : List.of(over, under, weights)) {
            sealed.put(run, SealedDataset.publish(store, run, SIDE, classes(30, 12, 1), 8));
            kafka.publish(sealed.get(run), "ingest-service", "");
        }
        for (RunRef run : List.of(over, under, weights)) {
            DatasetBalanced balanced = kafka.await(run.id(), DatasetBalanced.class);
            assertEqual(
                    RecipeShard.open(store, balanced.shards().getFirst()),
                    SequentialBalancing.shards(store, sealed.get(run)).getFirst());
        }
        assertThat(balance(kafka.await(over.id(), DatasetBalanced.class)))
                .contains(new ClassBalance("Rococo", 1, 29, 0));
        assertThat(balance(kafka.await(under.id(), DatasetBalanced.class)))
                .containsExactly(
                        new ClassBalance("Baroque", 1, 0, 0, null, null, 29L, null),
                        new ClassBalance("Cubism", 1, 0, 0, null, null, 11L, null),
                        new ClassBalance("Rococo", 1, 0, 0));
        assertThat(balance(kafka.await(weights.id(), DatasetBalanced.class)))
                .containsExactly(
                        new ClassBalance("Baroque", 30, 0, 0, null, null, null, 43.0 / 90),
                        new ClassBalance("Cubism", 12, 0, 0, null, null, null, 43.0 / 36),
                        new ClassBalance("Rococo", 1, 0, 0, null, null, null, 43.0 / 3));
    }

    @Test
    void aDuplicateChangesNothingAndTheSameManifestInAnotherRunGivesTheSameShards() throws Exception {
        RunRef run = run("{\"atLeast\": 20}", 5);
        DatasetSealed sealed = SealedDataset.publish(store, run, SIDE, classes(30, 12, 9), 4);
        kafka.publish(sealed, "ingest-service", "");
        DatasetBalanced first = kafka.await(run.id(), DatasetBalanced.class);
        long jobs = count("job", run);
        long published = count("outbox", run);

        kafka.publish(sealed, "ingest-service", "");
        // A duplicate with another id, as from a producer that lost its state: the inbox accepts it, but the jobs
        // already exist.
        kafka.publish(sealed, "ingest-service", "again");
        Awaitility.await().until(() -> count("inbox", EventCodec.eventId(run.id(), sealed.type(), "again")) == 1);
        RunRef other = new RunRef(run("\"none\"", 5).id(), run.dataset(), run.spec());
        kafka.publish(
                new DatasetSealed(
                        other,
                        sealed.manifest(),
                        sealed.classes(),
                        sealed.images(),
                        sealed.testImages(),
                        sealed.refused(),
                        0),
                "ingest-service",
                "");

        DatasetBalanced second = kafka.await(other.id(), DatasetBalanced.class);
        assertThat(second.shards()).isEqualTo(first.shards());
        assertThat(count("job", run)).isEqualTo(jobs);
        assertThat(count("outbox", run)).isEqualTo(published);
        assertThat(kafka.of(run.id(), DatasetBalanced.class)).containsExactly(first);
    }

    @Test
    void aRunThatWasCancelledBeforeItWasSealedIsNeverPlanned() throws Exception {
        RunRef run = run("\"auto\"", 5);
        kafka.publish(new RunCancelled(run, "changed my mind"), "ingest-service", "cancelled");
        Awaitility.await().until(() -> ended(run));
        DatasetSealed sealed = SealedDataset.publish(store, run, SIDE, classes(30, 12), 5);
        kafka.publish(sealed, "ingest-service", "");
        Awaitility.await().until(() -> count("inbox", EventCodec.eventId(run.id(), sealed.type(), "")) == 1);
        assertThat(count("job", run)).isZero();
        // The test's own events have arrived, so any events that the service published would have arrived, too.
        kafka.await(run.id(), RunCancelled.class);
        kafka.await(run.id(), DatasetSealed.class);
        assertThat(kafka.of(run.id(), PipelineEvent.class)).hasSize(2);
    }

    private long count(String table, RunRef run) {
        // The number of progress events depends on the duration of a search; all other counts are deterministic.
        String filter = table.equals("outbox") ? " and type not like '%progressed%'" : "";
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select count(*) from " + table + " where run = :run" + filter)
                        .bind("run", run.id())
                        .mapTo(Long.class)
                        .one());
    }

    private long count(String table, String id) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select count(*) from " + table + " where id = :id")
                        .bind("id", id)
                        .mapTo(Long.class)
                        .one());
    }

    private boolean ended(RunRef run) {
        return count("ended_run", run) == 1;
    }

    /// @return the counter of a class's synthetic rows; other tests increase it too
    private static double samples(String label) {
        String metric = "peregrine_smote_samples_total{class=\"" + label + "\"} ";
        return RestAssured.get("/q/metrics")
                .asString()
                .lines()
                .filter(line -> line.startsWith(metric))
                .mapToDouble(line -> Double.parseDouble(line.substring(metric.length())))
                .sum();
    }
}
