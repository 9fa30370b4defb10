package io.peregrine.cluster;

import static io.peregrine.cluster.RestClient.ok;
import static io.peregrine.cluster.RestClient.pages;
import static io.peregrine.cluster.RestClient.problem;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class RunProjectionTest extends WithKafka {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    @Test
    void runIsCompletedOnceForAnyOrderOfEventsAndServedAtEveryAddress() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "whole");
        String run = played.run.id();
        List<CloudEvent> shuffled = new ArrayList<>(played.events);
        Collections.shuffle(shuffled, new Random(3));
        kafka.publish(shuffled);
        await().atMost(PATIENCE).until(() -> !kafka.of(run, RunCompleted.class).isEmpty());
        // All events again: a repetition changes nothing.
        kafka.publish(played.events);
        await().pollDelay(Duration.ofSeconds(2)).until(() -> true);

        assertThat(kafka.of(run, RunCompleted.class)).hasSize(1);
        assertThat(kafka.of(run, ClustersComputed.class)).hasSize(1);
        ClustersComputed computed =
                (ClustersComputed) kafka.of(run, ClustersComputed.class).getFirst();
        assertThat(computed.k()).isEqualTo(SyntheticRun.CLASSES.size());
        assertThat(computed.measures()).containsKeys("nmi.train", "nmi.test", "silhouette.all", "ari.all");
        // Plain colours are easy to cluster.
        assertThat(computed.measures().get("purity.all")).isEqualTo(1);
        try (Safetensors clusters = Safetensors.open(store.open(computed.clusters()));
                Safetensors latents = Safetensors.open(store.open(computed.latents()))) {
            assertThat(clusters.tensor("assignments").shape()).containsExactly(played.images);
            assertThat(clusters.tensor("projection").shape()).containsExactly(played.images, 3);
            assertThat(latents.tensor("latent").shape()).containsExactly(played.images, 20);
            assertThat(EventCodec.json().readValue(clusters.tensor("names").bytes(), String[].class))
                    .containsExactlyInAnyOrderElementsOf(SyntheticRun.CLASSES);
            assertThat(clusters.tensor("size").longs()).containsExactlyInAnyOrder(17, 11, 9);
            assertThat(clusters.tensor("purity").doubles()).containsExactly(1, 1, 1);
            // The refused image keeps its row.
            assertThat(latents.tensor("row").longs()).doesNotContain(9 + 14 + 4).contains(9 + 14 + 3, 9 + 14 + 5);
        }
        assertThat(count("select count(*) from latent where run = :run", run)).isEqualTo(played.images);
        assertThat(count("select count(*) from point where run = :run", run)).isEqualTo(played.images);

        checkRun(run);
        checkClasses(run);
        checkTimeline(run, played.events.size());
        checkClusters(run, played.images);
        checkImages(run, played.images);
        checkMetrics(run);
        kafka.publish(new ProducerRecord<>(Topics.IMAGES, "x", "no event at all".getBytes()));
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/quarantine?limit=1")
                        .body("items[0].kind", equalTo("NOT_AN_EVENT"))
                        .body("items[0].topic", equalTo(Topics.IMAGES))
                        .body("items[0].bytes", equalTo("no event at all[]".length())));

        checkCharts(run);
        new Examples(run).checkAll();
        given().post("/api/v1/runs/{run}/cancel", run)
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("title", equalTo("The run has ended"))
                .body("detail", containsString("is completed"));
    }

    private static void checkMetrics(String run) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            String metrics = given().get("/q/metrics").then().extract().asString();
            assertThat(metrics)
                    .contains("peregrine_kmeans_iterations ", "peregrine_kmeans_inertia ")
                    .contains("peregrine_cluster_size{cluster=\"Ukiyo_e\"", "peregrine_cluster_nmi_ratio{split=\"all\"")
                    .doesNotContain("run=\"" + run);
        });
    }

    private void checkRun(String run) {
        JsonPath json = ok("/api/v1/runs/" + run).extract().jsonPath();
        assertThat(json.getString("run")).isEqualTo(run);
        assertThat(json.getString("state")).isEqualTo("completed");
        assertThat(json.getString("spec.dataset")).isEqualTo("colours");
        assertThat(json.getList("classes.name")).isEqualTo(SyntheticRun.CLASSES);
        assertThat(json.getList("classes.before")).isEqualTo(List.of(14, 8, 6));
        assertThat(json.getList("classes.after")).isEqualTo(List.of(12, 14, 14));
        assertThat(json.getList("classes.dropped")).isEqualTo(List.of(2, 0, 0));
        assertThat(json.getList("classes.refused")).isEqualTo(List.of(0, 1, 0));
        assertThat(json.getList("classifier.history.epoch")).isEqualTo(List.of(1, 2));
        assertThat(json.getInt("classCount")).isEqualTo(3);
        assertThat(json.getList("classes.recall")).isEqualTo(json.getList("classifier.test.recall"));
        assertThat(json.getList("classifier.test.confusion"))
                .isEqualTo(List.of(List.of(3, 0, 0), List.of(0, 2, 1), List.of(1, 0, 2)));
        assertThat(json.getInt("classifier.test.images")).isEqualTo(9);
        assertThat(json.getList("classifier.test.classes")).isEqualTo(SyntheticRun.CLASSES);
        assertThat(json.getDouble("autoencoder.test.loss")).isEqualTo(2_000);
        assertThat(json.getList("autoencoder.history.measures.loss")).isEqualTo(List.of(5_000f, 2_500f));
        assertThat(json.getDouble("seconds.ingest")).isEqualTo(41);
        assertThat(json.getDouble("seconds.balance")).isEqualTo(10);
        assertThat(json.getDouble("seconds.train")).isEqualTo(21);
        assertThat(json.getDouble("clustering.measures.'purity.all'")).isEqualTo(1);
        assertThat(json.getList("progress.stage")).contains("ingest", "cluster");
        assertThat(json.getList("progress.done")).isEqualTo(json.getList("progress.total"));
        ok("/api/v1/runs?state=completed&dataset=colours").body("items.run", org.hamcrest.Matchers.hasItem(run));
        ok("/api/v1/runs?dataset=none").body("items", hasSize(0)).body("nextCursor", nullValue());
    }

    private static void checkClasses(String run) {
        List<JsonPath> pages = pages("/api/v1/runs/" + run + "/classes?limit=2");
        assertThat(pages).hasSize(2);
        assertThat(pages.getLast().getList("items.name")).containsExactly("Ukiyo_e");
        assertThat(pages.getLast().getList("items.after")).containsExactly(14);
        List<Object> cells = new ArrayList<>();
        pages("/api/v1/runs/" + run + "/confusion?limit=2").forEach(page -> {
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

    private void checkTimeline(String run, int published) {
        List<String> ids = new ArrayList<>();
        Instant before = Instant.MIN;
        for (JsonPath page : pages("/api/v1/runs/" + run + "/timeline?limit=5")) {
            ids.addAll(page.getList("items.id"));
            for (String time : page.<String>getList("items.time")) {
                assertThat(Instant.parse(time)).isAfterOrEqualTo(before);
                before = Instant.parse(time);
            }
        }
        assertThat(ids).doesNotHaveDuplicates().hasSizeGreaterThan(published);
        ok("/api/v1/runs/" + run + "/timeline?limit=1000")
                .body("items.type", org.hamcrest.Matchers.hasItem("io.peregrine.run.completed.v1"));
    }

    private void checkClusters(String run, int images) {
        String etag = ok("/api/v1/runs/" + run + "/clusters")
                .body("items.size()", equalTo(3))
                .body("items[0].purity", equalTo(1f))
                .header("ETag", notNullValue())
                .extract()
                .header("ETag");
        given().header("If-None-Match", etag)
                .get("/api/v1/runs/{run}/clusters", run)
                .then()
                .statusCode(304);
        ok("/api/v1/runs/" + run + "/clusters/1").body("index", equalTo(1)).body("name", notNullValue());
        int members = 0;
        for (int cluster = 0; cluster < 3; cluster++) {
            double before = 0;
            for (JsonPath page : pages("/api/v1/runs/" + run + "/clusters/" + cluster + "/members?limit=4")) {
                for (Object distance : page.getList("items.cluster.distance")) {
                    assertThat(((Number) distance).doubleValue()).isGreaterThanOrEqualTo(before);
                    before = ((Number) distance).doubleValue();
                    members++;
                }
            }
        }
        assertThat(members).isEqualTo(images);
        ok("/api/v1/runs/" + run + "/projection").body("items", hasSize(images)).body("nextCursor", nullValue());
        assertThat(pages("/api/v1/runs/" + run + "/projection?limit=10").stream()
                        .mapToInt(page -> page.getList("items").size())
                        .sum())
                .isEqualTo(images);
    }

    private void checkImages(String run, int images) throws Exception {
        JsonPath listed = ok("/api/v1/runs/" + run + "/images?limit=1000")
                .body("items", hasSize(images + 1))
                .extract()
                .jsonPath();
        ok("/api/v1/runs/" + run + "/images?label=Ukiyo_e&split=test").body("items", hasSize(3));
        String imageId = listed.getString("items[0].imageId");
        ok("/api/v1/runs/" + run + "/images/" + imageId)
                .body("label", equalTo("Blue_Period"))
                .body("split", equalTo("test"))
                .body("path", equalTo("painting 0.png"))
                .body("cluster.name", equalTo("Blue_Period"))
                .body("cluster.coordinates", hasSize(3));
        byte[] png = given().get("/api/v1/runs/{run}/images/{image}/pixels", run, imageId)
                .then()
                .statusCode(200)
                .contentType("image/png")
                .extract()
                .asByteArray();
        var image = ImageIO.read(new ByteArrayInputStream(png));
        assertThat(image.getWidth()).isEqualTo(SyntheticRun.SIDE);
        // Class 0 is dark in red, light in green and blue.
        assertThat(image.getRGB(5, 7) >> 16 & 0xff).isBetween(60, 99);
        assertThat(image.getRGB(5, 7) & 0xff).isBetween(190, 229);
        var both = ImageIO.read(
                new ByteArrayInputStream(ok("/api/v1/runs/" + run + "/images/" + imageId + "/reconstruction")
                        .contentType("image/png")
                        .header("Cache-Control", containsString("immutable"))
                        .extract()
                        .asByteArray()));
        // Two images, each with its margin; on the left are the original pixels.
        assertThat(both.getWidth()).isEqualTo(2 * SyntheticRun.SIDE + 12);
        assertThat(both.getRGB(4 + 5, 4 + 7)).isEqualTo(image.getRGB(5, 7));
        assertThat(both.getRGB(8 + SyntheticRun.SIDE + 5, 4 + 7)).isNotEqualTo(image.getRGB(5, 7));
        given().redirects()
                .follow(false)
                .get("/api/v1/runs/{run}/images/{image}/original", run, imageId)
                .then()
                .statusCode(307)
                .header(
                        "Location",
                        equalTo("http://localhost:8081/api/v1/runs/" + run + "/images/" + imageId + "/original"));
        problem(404, "No such image", "/api/v1/runs/" + run + "/images/none/original");
        String refused = ok("/api/v1/runs/" + run + "/refused")
                .body("items", hasSize(1))
                .body("items[0].reason", equalTo("IMAGE_TRUNCATED"))
                .body("items[0].cluster", nullValue())
                .extract()
                .path("items[0].imageId");
        problem(404, "No pixels", "/api/v1/runs/" + run + "/images/" + refused + "/pixels");
        problem(404, "No pixels", "/api/v1/runs/" + run + "/images/" + refused + "/reconstruction");
    }

    private static void checkCharts(String run) throws Exception {
        String charts = "/api/v1/runs/" + run + "/charts/";
        for (String chart : List.of("history", "confusion", "clusters", "clusters?by=class")) {
            String[] parts = chart.split("(?=\\?)");
            String query = parts.length > 1 ? parts[1] : "";
            String svg = ok(charts + parts[0] + ".svg" + query)
                    .contentType("image/svg+xml")
                    .header("Cache-Control", containsString("max-age"))
                    .extract()
                    .asString();
            assertThat(svg).startsWith("<svg ").contains("colours").doesNotContain("NaN");
            var png = ok(charts + parts[0] + ".png" + query).contentType("image/png");
            assertThat(ImageIO.read(new ByteArrayInputStream(png.extract().asByteArray())))
                    .isNotNull();
            given().header("If-None-Match", png.extract().header("ETag"))
                    .get(charts + parts[0] + ".png" + query)
                    .then()
                    .statusCode(304)
                    .header("ETag", equalTo(png.extract().header("ETag")));
        }
        assertThat(ok(charts + "history.svg").extract().asString()).contains("40", "Epoch", "balanced accuracy, test");
        assertThat(ok(charts + "confusion.svg").extract().asString())
                .contains("9 test images, accuracy 77.8 %", "Red_Period");
        assertThat(ok(charts + "clusters.svg").extract().asString())
                .contains("37 images, 3 clusters, NMI with the classes 1.000", "of the variance");
        problem(404, "No such format", charts + "history.gif");
        problem(400, "Bad filter", charts + "clusters.svg?by=colour");
        problem(404, "No such run", "/api/v1/runs/nonsense/charts/clusters.svg");
    }

    @Test
    void sameImagesWeightsAndSeedGiveTheSameBytes() throws Exception {
        List<ClustersComputed> computed = new ArrayList<>();
        for (String id : List.of("once", "twice")) {
            SyntheticRun played = new SyntheticRun(store, id);
            kafka.publish(played.events);
            String run = played.run.id();
            await().atMost(PATIENCE)
                    .until(() -> !kafka.of(run, RunCompleted.class).isEmpty());
            computed.add(
                    (ClustersComputed) kafka.of(run, ClustersComputed.class).getFirst());
        }

        assertThat(computed.get(1).clusters()).isEqualTo(computed.get(0).clusters());
        assertThat(computed.get(1).latents()).isEqualTo(computed.get(0).latents());
        assertThat(computed.get(1).measures()).isEqualTo(computed.get(0).measures());
    }

    private long count(String query, String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query)
                        .bind("run", run)
                        .mapTo(Long.class)
                        .one());
    }
}
