package io.peregrine.trainer;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.testkit.Checkpoints;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Which checkpoints of a training are kept, and what requests for expired ones return.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "trainer"))
class CheckpointsTest extends WithKafka {
    private static final Duration LONG = Duration.ofMinutes(2);
    // The learning rate is too high for so few images, so that the best epoch is not the last. The seeds are
    // unique: no other run has the same bytes.
    private static final String CLASSIFIER =
            "{\"preset\": \"seed-cnn\", \"epochs\": 6, \"batchSize\": 8, \"learningRate\": 0.05, \"seed\": 6001}";
    private static final String AUTOENCODER = "{\"epochs\": 4, \"batchSize\": 8, \"latent\": 6, \"seed\": 6002}";

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    @Test
    void keepsBestAndLastOfEachNetworkAlsoAfterARestart() throws Exception {
        DatasetBalanced balanced = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        String run = balanced.run().id();
        kafka.publish(balanced, "balance-service", "");
        for (Network network : Network.values()) {
            kafka.await(run, CheckpointPublished.class, c -> c.last() && c.network() == network);
        }
        List<CheckpointPublished> published = kafka.of(run, CheckpointPublished.class);
        Set<CheckpointPublished> kept = Checkpoints.kept(published);
        assertThat(published).hasSize(10);
        assertThat(kept).hasSizeBetween(2, 4);
        assertLeft(published, kept);
        assertAnswers(run, published, kept);

        // Like a trainer whose snapshots are all unusable.
        database.jdbi()
                .useHandle(sql -> sql.execute(
                        "update job set state = 'queued', saved = null where run = ? and key = 'classifier'", run));
        await().atMost(LONG).until(() -> count("select count(*) from job where run = ? and state = 'done'", run) == 2);
        assertThat(count("select fence from job where run = ? and key = 'classifier'", run))
                .isEqualTo(2);
        assertLeft(published, kept);
        assertAnswers(run, published, kept);

        kafka.publish(new RunDeleted(balanced.run()), "cluster-service", "");
        await().atMost(LONG).until(() -> count("select count(*) from checkpoint where run = ?", run) == 0);
        get("/api/v1/runs/{run}/checkpoints", run).then().statusCode(404);
    }

    private void assertLeft(List<CheckpointPublished> published, Set<CheckpointPublished> kept) {
        Set<String> files = Checkpoints.uris(kept);
        await().atMost(LONG).untilAsserted(() -> {
            Set<String> left = store.list("checkpoint").stream()
                    .map(ArtifactStore.Stored::uri)
                    .collect(Collectors.toCollection(TreeSet::new));
            left.retainAll(Checkpoints.uris(published));
            assertThat(left).isEqualTo(files);
        });
    }

    private void assertAnswers(String run, List<CheckpointPublished> published, Set<CheckpointPublished> kept)
            throws Exception {
        List<String> listed = get("/api/v1/runs/{run}/checkpoints", run)
                .then()
                .statusCode(200)
                .extract()
                .jsonPath()
                .getList("items.weights.uri");
        assertThat(new TreeSet<>(listed)).isEqualTo(Checkpoints.uris(kept));
        for (CheckpointPublished checkpoint : published) {
            String address = "/api/v1/runs/%s/checkpoints/%s/%d"
                    .formatted(run, checkpoint.network().jsonName(), checkpoint.epoch());
            if (kept.contains(checkpoint)) {
                byte[] weights = get(address).then().statusCode(200).extract().asByteArray();
                String sha256 = HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(weights));
                assertThat(sha256).isEqualTo(checkpoint.weights().sha256());
                assertKnown(address, sha256);
                assertResumable(address, weights);
            } else {
                get(address)
                        .then()
                        .statusCode(410)
                        .body("type", equalTo("/api/v1/problems/artifact-expired"))
                        .body("detail", containsString("the best and the newest checkpoint"));
            }
        }
    }

    /// A client, or a proxy that weakens or marks tags, has the weights already.
    private static void assertKnown(String address, String sha256) {
        for (String tags : List.of("\"%s\"", "W/\"%s\"", "\"a,b\", \"%s-gzip\"", "*")) {
            given().header("If-None-Match", tags.formatted(sha256))
                    .get(address)
                    .then()
                    .statusCode(304)
                    .header("ETag", "\"" + sha256 + "\"");
        }
        given().header("If-None-Match", "\"other\"").get(address).then().statusCode(200);
    }

    /// An interrupted download can be resumed.
    private static void assertResumable(String address, byte[] weights) {
        int half = weights.length / 2;
        ValidatableResponse whole =
                given().header("Accept-Encoding", "gzip").head(address).then().statusCode(200);
        whole.header("Accept-Ranges", "bytes")
                .header("Content-Length", Integer.toString(weights.length))
                // Vert.x tells its compressor by "identity" to leave the body alone.
                .header("Content-Encoding", anyOf(nullValue(), equalTo("identity")));
        byte[] rest = given().header("Range", "bytes=%d-".formatted(half))
                .header("If-Range", whole.extract().header("ETag"))
                .header("Accept-Encoding", "gzip")
                .get(address)
                .then()
                .statusCode(206)
                .header("Content-Range", "bytes %d-%d/%d".formatted(half, weights.length - 1, weights.length))
                .header("Content-Length", Integer.toString(weights.length - half))
                .extract()
                .asByteArray();
        assertThat(rest).isEqualTo(Arrays.copyOfRange(weights, half, weights.length));
        given().header("Range", "bytes=%d-".formatted(weights.length))
                .get(address)
                .then()
                .statusCode(416)
                .header("Content-Range", "bytes */" + weights.length)
                .body("type", equalTo("/api/v1/problems/range-not-satisfiable"));
    }

    private long count(String question, String run) {
        return database.jdbi()
                .withHandle(sql ->
                        sql.createQuery(question).bind(0, run).mapTo(Long.class).one());
    }
}
