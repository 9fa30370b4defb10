package io.peregrine.cluster;

import static io.peregrine.cluster.RestClient.ok;
import static io.peregrine.cluster.RestClient.pages;
import static io.peregrine.cluster.RestClient.problem;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One run, whose events arrive shuffled, and what REST answers about it.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class RunProjectionTest extends WithKafka {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /// Played once, by the first test; no test changes it.
    private static SyntheticRun shared;

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    private String run;
    private String base;

    @BeforeEach
    void playOnce() throws Exception {
        if (shared == null) {
            SyntheticRun played = new SyntheticRun(store, "whole");
            List<CloudEvent> shuffled = new ArrayList<>(played.events);
            Collections.shuffle(shuffled, new Random(3));
            kafka.publish(shuffled);
            kafka.await(played.run.id(), RunCompleted.class);
            // The service also receives the events that it publishes itself.
            ReceivedEvents.awaitHandled(played.run.id(), kafka, database);
            shared = played;
        }
        run = shared.run.id();
        base = "/api/v1/runs/" + run;
    }

    @Test
    void aRunWhoseEventsArriveInAnyOrderIsCompletedOnce() {
        kafka.await(run, RunCompleted.class);

        assertThat(kafka.of(run, RunCompleted.class)).hasSize(1);
        assertThat(kafka.of(run, ClustersComputed.class)).hasSize(1);
        ok(base).body("run", equalTo(run)).body("state", equalTo("completed"));
    }

    @Test
    void repeatedEventsChangeNothing() {
        List<String> published = ReceivedEvents.publishedTypes(run, database);
        String answer = ok(base).extract().asString();
        long timeline = count("select count(*) from timeline where run = :run");

        kafka.publish(shared.events);
        ReceivedEvents.awaitHandled(run, kafka, database);

        assertThat(ReceivedEvents.publishedTypes(run, database)).isEqualTo(published);
        assertThat(ok(base).extract().asString()).isEqualTo(answer);
        assertThat(count("select count(*) from timeline where run = :run")).isEqualTo(timeline);
    }

    @Test
    void everyDecodedImageHasALatentAClusterAndAPoint() {
        ClustersComputed computed = kafka.await(run, ClustersComputed.class);

        try (Safetensors clusters = Safetensors.open(store.open(computed.clusters()));
                Safetensors latents = Safetensors.open(store.open(computed.latents()))) {
            assertThat(latents.tensor("latent").shape()).containsExactly(shared.images, 20);
            assertThat(clusters.tensor("assignments").shape()).containsExactly(shared.images);
            assertThat(clusters.tensor("projection").shape()).containsExactly(shared.images, 3);
        }
        assertThat(count("select count(*) from latent where run = :run")).isEqualTo(shared.images);
        assertThat(count("select count(*) from point where run = :run")).isEqualTo(shared.images);
    }

    @Test
    void theRowOfARejectedImageIsSkipped() {
        ClustersComputed computed = kafka.await(run, ClustersComputed.class);

        try (Safetensors latents = Safetensors.open(store.open(computed.latents()))) {
            // Nine test images and 14 of the first class come before the class of the rejected image.
            int rejected = 9 + 14 + 4;
            assertThat(latents.tensor("row").longs()).doesNotContain(rejected).contains(rejected - 1, rejected + 1);
        }
    }

    @Test
    void classesOfPlainColoursBecomePureClustersOfTheirNames() throws Exception {
        ClustersComputed computed = kafka.await(run, ClustersComputed.class);

        assertThat(computed.k()).isEqualTo(SyntheticRun.CLASSES.size());
        assertThat(computed.measures()).containsKeys("nmi.train", "nmi.test", "silhouette.all", "ari.all");
        assertThat(computed.measures().get("purity.all")).isEqualTo(1);
        try (Safetensors clusters = Safetensors.open(store.open(computed.clusters()))) {
            assertThat(EventCodec.json().readValue(clusters.tensor("names").bytes(), String[].class))
                    .containsExactlyInAnyOrderElementsOf(SyntheticRun.CLASSES);
            assertThat(clusters.tensor("size").longs()).containsExactlyInAnyOrder(17, 11, 9);
            assertThat(clusters.tensor("purity").doubles()).containsExactly(1, 1, 1);
        }
    }

    @Test
    void theSameImagesWeightsAndSeedGiveTheSameBytes() throws Exception {
        SyntheticRun again = new SyntheticRun(store, "again");
        kafka.publish(again.events);

        ClustersComputed first = kafka.await(run, ClustersComputed.class);
        ClustersComputed second = kafka.await(again.run.id(), ClustersComputed.class);
        assertThat(second.clusters()).isEqualTo(first.clusters());
        assertThat(second.latents()).isEqualTo(first.latents());
        assertThat(second.measures()).isEqualTo(first.measures());
        // No other test may meet a run that is still running.
        kafka.await(again.run.id(), RunCompleted.class);
    }

    @Test
    void aRunHasTheCountsOfItsClasses() {
        ok(base).body("spec.dataset", equalTo("colours"))
                .body("classCount", equalTo(3))
                .body("classes.name", equalTo(SyntheticRun.CLASSES))
                .body("classes.before", equalTo(List.of(14, 8, 6)))
                .body("classes.after", equalTo(List.of(12, 14, 14)))
                .body("classes.dropped", equalTo(List.of(2, 0, 0)))
                .body("classes.refused", equalTo(List.of(0, 1, 0)));
    }

    @Test
    void aRunHasTheHistoryAndTheTestResultsOfItsNetworks() {
        JsonPath json = ok(base).extract().jsonPath();

        assertThat(json.getList("classifier.history.epoch")).isEqualTo(List.of(1, 2));
        assertThat(json.getList("classes.recall")).isEqualTo(json.getList("classifier.test.recall"));
        assertThat(json.getList("classifier.test.confusion"))
                .isEqualTo(List.of(List.of(3, 0, 0), List.of(0, 2, 1), List.of(1, 0, 2)));
        assertThat(json.getInt("classifier.test.images")).isEqualTo(9);
        assertThat(json.getList("classifier.test.classes")).isEqualTo(SyntheticRun.CLASSES);
        assertThat(json.getDouble("autoencoder.test.loss")).isEqualTo(2_000);
        assertThat(json.getList("autoencoder.history.measures.loss")).isEqualTo(List.of(5_000f, 2_500f));
        assertThat(json.getDouble("clustering.measures.'purity.all'")).isEqualTo(1);
    }

    @Test
    void aRunHasTheSecondsAndTheProgressOfEachStage() {
        JsonPath json = ok(base).extract().jsonPath();

        assertThat(json.getDouble("seconds.ingest")).isEqualTo(41);
        assertThat(json.getDouble("seconds.balance")).isEqualTo(10);
        assertThat(json.getDouble("seconds.train")).isEqualTo(21);
        assertThat(json.getList("progress.stage")).contains("ingest", "cluster");
        assertThat(json.getList("progress.done")).isEqualTo(json.getList("progress.total"));
    }

    @Test
    void runsAreListedByStateAndDataset() {
        ok("/api/v1/runs?state=completed&dataset=colours").body("items.run", hasItem(run));
        ok("/api/v1/runs?dataset=none").body("items", hasSize(0)).body("nextCursor", nullValue());
    }

    @Test
    void classesComeInPages() {
        List<JsonPath> pages = pages(base + "/classes?limit=2");

        assertThat(pages).hasSize(2);
        assertThat(pages.getLast().getList("items.name")).containsExactly("Ukiyo_e");
        assertThat(pages.getLast().getList("items.after")).containsExactly(14);
    }

    @Test
    void theConfusionMatrixComesInPagesWithoutItsZeros() {
        List<Object> cells = new ArrayList<>();
        pages(base + "/confusion?limit=2").forEach(page -> {
            for (int i = 0; i < page.getList("items").size(); i++) {
                String item = "items[" + i + "].";
                cells.add(page.getString(item + "truth") + ">" + page.getString(item + "predicted") + ">"
                        + page.getInt(item + "count"));
            }
        });

        assertThat(cells)
                .containsExactly(
                        "Blue_Period>Blue_Period>3",
                        "Red_Period>Red_Period>2",
                        "Red_Period>Ukiyo_e>1",
                        "Ukiyo_e>Blue_Period>1",
                        "Ukiyo_e>Ukiyo_e>2");
    }

    @Test
    void theTimelineHasEveryEventOnceInTheOrderOfTime() {
        List<String> ids = new ArrayList<>();
        List<Instant> times = new ArrayList<>();
        for (JsonPath page : pages(base + "/timeline?limit=5")) {
            ids.addAll(page.getList("items.id"));
            page.<String>getList("items.time").forEach(time -> times.add(Instant.parse(time)));
        }

        assertThat(ids).doesNotHaveDuplicates().hasSizeGreaterThan(shared.events.size());
        assertThat(times).isSorted();
        ok(base + "/timeline?limit=1000").body("items.type", hasItem("io.peregrine.run.completed.v1"));
    }

    @Test
    void aClientThatHasTheClustersGets304() {
        String etag =
                ok(base + "/clusters").header("ETag", notNullValue()).extract().header("ETag");

        given().header("If-None-Match", etag).get(base + "/clusters").then().statusCode(304);
    }

    @Test
    void aClusterHasItsIndexItsNameAndItsPurity() {
        ok(base + "/clusters").body("items.size()", equalTo(3)).body("items[0].purity", equalTo(1f));
        ok(base + "/clusters/1").body("index", equalTo(1)).body("name", notNullValue());
    }

    @Test
    void membersOfAClusterComeInPagesNearestFirst() {
        int members = 0;
        for (int cluster = 0; cluster < 3; cluster++) {
            List<Double> distances = new ArrayList<>();
            for (JsonPath page : pages(base + "/clusters/" + cluster + "/members?limit=4")) {
                page.<Number>getList("items.cluster.distance").forEach(one -> distances.add(one.doubleValue()));
            }
            assertThat(distances).isSorted();
            members += distances.size();
        }
        assertThat(members).isEqualTo(shared.images);
    }

    @Test
    void theProjectionHasEveryImageWholeOrInPages() {
        ok(base + "/projection").body("items", hasSize(shared.images)).body("nextCursor", nullValue());
        assertThat(pages(base + "/projection?limit=10").stream()
                        .mapToInt(page -> page.getList("items").size())
                        .sum())
                .isEqualTo(shared.images);
    }

    @Test
    void imagesAreListedByClassAndSplit() {
        ok(base + "/images?limit=1000").body("items", hasSize(shared.images + 1));
        ok(base + "/images?label=Ukiyo_e&split=test").body("items", hasSize(3));
    }

    @Test
    void anImageHasItsClassAndItsCluster() {
        ok(base + "/images/" + firstImage())
                .body("label", equalTo("Blue_Period"))
                .body("split", equalTo("test"))
                .body("path", equalTo("painting 0.png"))
                .body("cluster.name", equalTo("Blue_Period"))
                .body("cluster.coordinates", hasSize(3));
    }

    @Test
    void theDecodedPixelsOfAnImageAreAPng() throws Exception {
        BufferedImage image = png(base + "/images/" + firstImage() + "/pixels");

        assertThat(image.getWidth()).isEqualTo(SyntheticRun.SIDE);
        // Class 0 is dark in red, light in green and blue.
        assertThat(image.getRGB(5, 7) >> 16 & 0xff).isBetween(60, 99);
        assertThat(image.getRGB(5, 7) & 0xff).isBetween(190, 229);
    }

    @Test
    void aReconstructionIsShownToTheRightOfItsImage() throws Exception {
        BufferedImage image = png(base + "/images/" + firstImage() + "/pixels");
        String address = base + "/images/" + firstImage() + "/reconstruction";
        BufferedImage both = png(address);

        ok(address).header("Cache-Control", containsString("immutable"));
        // Three margins of four pixels: left of, between and right of the two images.
        assertThat(both.getWidth()).isEqualTo(2 * SyntheticRun.SIDE + 12);
        assertThat(both.getRGB(4 + 5, 4 + 7)).isEqualTo(image.getRGB(5, 7));
        assertThat(both.getRGB(8 + SyntheticRun.SIDE + 5, 4 + 7)).isNotEqualTo(image.getRGB(5, 7));
    }

    @Test
    void theOriginalOfAnImageIsAtIngestService() {
        String original = base + "/images/" + firstImage() + "/original";

        given().redirects()
                .follow(false)
                .get(original)
                .then()
                .statusCode(307)
                .header("Location", equalTo("http://localhost:8081" + original));
        problem(404, "No such image", base + "/images/none/original");
    }

    @Test
    void aRejectedImageHasAReasonButNoPixels() {
        String rejected = ok(base + "/refused")
                .body("items", hasSize(1))
                .body("items[0].reason", equalTo("IMAGE_TRUNCATED"))
                .body("items[0].cluster", nullValue())
                .extract()
                .path("items[0].imageId");

        problem(404, "No pixels", base + "/images/" + rejected + "/pixels");
        problem(404, "No pixels", base + "/images/" + rejected + "/reconstruction");
    }

    @ParameterizedTest
    @CsvSource({"history, ''", "confusion, ''", "clusters, ''", "clusters, ?by=class"})
    void aChartIsAnSvgAndAPngThatClientsMayCache(String chart, String query) throws Exception {
        String svg = ok(base + "/charts/" + chart + ".svg" + query)
                .contentType("image/svg+xml")
                .header("Cache-Control", containsString("max-age"))
                .extract()
                .asString();
        assertThat(svg).startsWith("<svg ").contains("colours").doesNotContain("NaN");

        String address = base + "/charts/" + chart + ".png" + query;
        assertThat(png(address).getWidth()).isPositive();
        String etag = ok(address).extract().header("ETag");
        given().header("If-None-Match", etag)
                .get(address)
                .then()
                .statusCode(304)
                .header("ETag", equalTo(etag));
    }

    @Test
    void chartsShowTheNumbersOfTheRun() {
        assertThat(ok(base + "/charts/history.svg").extract().asString())
                .contains("40", "Epoch", "balanced accuracy, test");
        assertThat(ok(base + "/charts/confusion.svg").extract().asString())
                .contains("9 test images, accuracy 77.8 %", "Red_Period");
        assertThat(ok(base + "/charts/clusters.svg").extract().asString())
                .contains("37 images, 3 clusters, NMI with the classes 1.000", "of the variance");
    }

    @Test
    void aChartOfAnUnknownFormatColouringOrRunIsAProblem() {
        problem(404, "No such format", base + "/charts/history.gif");
        problem(400, "Bad filter", base + "/charts/clusters.svg?by=colour");
        problem(404, "No such run", "/api/v1/runs/nonsense/charts/clusters.svg");
    }

    @Test
    void metricsOfTheClusteringHaveNoRunInTheirLabels() {
        await().atMost(PATIENCE).untilAsserted(() -> {
            String metrics = given().get("/q/metrics").then().extract().asString();
            assertThat(metrics)
                    .contains("peregrine_kmeans_iterations ", "peregrine_kmeans_inertia ")
                    .contains("peregrine_cluster_size{cluster=\"Ukiyo_e\"", "peregrine_cluster_nmi_ratio{split=\"all\"")
                    .doesNotContain("run=\"" + run);
        });
    }

    @Test
    void theExamplesInTheOpenApiDocumentHaveTheFieldsOfRealResponses() throws Exception {
        // One of the examples is a quarantined record.
        kafka.publish(new ProducerRecord<>(Topics.IMAGES, "x", "no event at all".getBytes()));
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/quarantine?limit=1&topic=" + Topics.IMAGES)
                        .body("items[0].kind", equalTo("NOT_AN_EVENT"))
                        .body("items[0].bytes", equalTo("no event at all[]".length())));

        new Examples(run).checkAll();
    }

    @Test
    void aCompletedRunCannotBeCancelled() {
        given().post(base + "/cancel")
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("title", equalTo("The run has ended"))
                .body("detail", containsString("is completed"));
    }

    private String firstImage() {
        return ok(base + "/images?limit=1").extract().path("items[0].imageId");
    }

    private static BufferedImage png(String address) throws IOException {
        byte[] bytes = ok(address).contentType("image/png").extract().asByteArray();
        return ImageIO.read(new ByteArrayInputStream(bytes));
    }

    private long count(String query) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query)
                        .bind("run", run)
                        .mapTo(Long.class)
                        .one());
    }
}
