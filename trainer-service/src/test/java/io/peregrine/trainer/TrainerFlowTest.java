package io.peregrine.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.SmallDisk;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureKind;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/// From a balanced dataset to checkpoints, with a real broker and a real database.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "trainer"))
class TrainerFlowTest extends WithKafka {
    private static final String CLASSIFIER =
            "{\"preset\": \"seed-cnn\", \"epochs\": 3, \"batchSize\": 8, \"learningRate\": 0.01}";
    private static final String AUTOENCODER =
            "{\"preset\": \"seed-autoencoder\", \"epochs\": 2, \"batchSize\": 8, \"latent\": 6}";
    private static final String FOR_HOURS = "{\"epochs\": 10000, \"batchSize\": 2}";

    @ConfigProperty(name = "peregrine.trainer.state")
    Path state;

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    private void publish(PipelineEvent event, String ordinal) {
        kafka.publish(event, "balance-service", ordinal);
    }

    private List<CheckpointPublished> train(DatasetBalanced balanced) {
        publish(balanced, "");
        String run = balanced.run().id();
        kafka.await(run, CheckpointPublished.class, c -> c.last() && c.network() == Network.CLASSIFIER);
        kafka.await(run, CheckpointPublished.class, c -> c.last() && c.network() == Network.AUTOENCODER);
        return kafka.of(run, CheckpointPublished.class);
    }

    @Test
    void balancedDatasetGivesACheckpointPerEpochAndFinalMeasures() throws Exception {
        DatasetBalanced balanced = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        List<CheckpointPublished> checkpoints = train(balanced);

        assertThat(checkpoints)
                .extracting(c ->
                        c.network().jsonName() + " " + c.epoch() + " of " + c.epochs() + (c.last() ? ", last" : ""))
                .containsExactly(
                        "classifier 1 of 3",
                        "classifier 2 of 3",
                        "classifier 3 of 3, last",
                        "autoencoder 1 of 2",
                        "autoencoder 2 of 2, last");
        CheckpointPublished classifier = checkpoints.get(2);
        assertThat(classifier.measures()).containsOnlyKeys("loss", "accuracy", "imagesPerSecond");
        ClassResults results = ClassResults.open(store, classifier.test().byClass());
        assertThat(classifier.test().images()).isEqualTo(8);
        assertThat(results.truths(0)).isEqualTo(4);
        assertThat(results.truths(1)).isEqualTo(4);
        assertThat(results.balancedAccuracy()).isEqualTo(classifier.test().balancedAccuracy());
        assertThat(classifier.test().balancedAccuracy()).isBetween(0.5, 1.0);
        assertThat(classifier.test().calibration().error()).isBetween(0.0, 1.0);
        assertThat(checkpoints.get(4).test().calibration()).isNull();
        assertThat(checkpoints.get(4).test().byClass()).isNull();
        assertThat(checkpoints.get(0).test()).isNull();
        try (Safetensors weights = Safetensors.open(store.open(classifier.weights()))) {
            assertThat(weights.metadata()).containsEntry("preset", "seed-cnn");
            assertThat(weights.names()).contains("conv2d1.weight", "batchnorm2d1.running_mean", "linear2.bias");
        }
        try (Safetensors weights =
                Safetensors.open(store.open(checkpoints.get(4).weights()))) {
            assertThat(weights.metadata()).containsEntry("preset", "seed-autoencoder");
        }
        assertThat(kafka.of(balanced.run().id(), StageProgressed.class))
                .allSatisfy(progress -> assertThat(progress.stage()).isEqualTo(Stage.TRAIN))
                .anySatisfy(progress -> {
                    assertThat(progress.task()).isEqualTo("classifier");
                    assertThat(progress.done()).isEqualTo(18);
                    assertThat(progress.total()).isEqualTo(18);
                });
        RestAssured.get("/q/metrics")
                .then()
                .statusCode(200)
                .body(containsString("peregrine_train_samples_total{network=\"classifier\"}"))
                .body(containsString("peregrine_train_step_seconds_count{network=\"autoencoder\"}"))
                // Gauges of the running training are removed with it.
                .body(not(containsString("peregrine_train_epoch{network=\"classifier\"}")));
        assertNoFolderIsLeft();
    }

    @Test
    void anotherRunGivesTheSameBytesAndARepeatedEventIsIgnored() throws Exception {
        DatasetBalanced balanced = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        List<CheckpointPublished> first = train(balanced);
        publish(balanced, "");
        // Another event id, as if the producer had lost its outbox.
        publish(balanced, "again");
        RunRef other = new RunRef(
                UUID.randomUUID().toString().replace("-", ""),
                "shades",
                balanced.run().spec());
        List<CheckpointPublished> second = train(new DatasetBalanced(
                other,
                balanced.manifest(),
                balanced.shards(),
                balanced.balance(),
                balanced.rows(),
                balanced.synthetic()));

        assertThat(second)
                .extracting(CheckpointPublished::weights)
                .isEqualTo(first.stream().map(CheckpointPublished::weights).toList());
        assertThat(kafka.of(balanced.run().id(), CheckpointPublished.class)).isEqualTo(first);
        assertThat(jobs(balanced.run())).isEqualTo(2);
    }

    @Test
    void trainingOnAFullDiskWaitsAtItsEpochsEndAndGivesTheSameBytes() throws Exception {
        DatasetBalanced balanced = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        String run = balanced.run().id();
        Path folder = Files.createDirectories(state.resolve(run + "-classifier"));
        List<CheckpointPublished> waited;
        try (SmallDisk disk = SmallDisk.mount(folder, 32)) {
            Path others = disk.folder().resolve("others");
            assertThatThrownBy(() -> Files.write(others, new byte[33 << 20])).isInstanceOf(IOException.class);
            publish(balanced, "");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(errorOf(run))
                            .hasValueSatisfying(error -> assertThat(error)
                                    .startsWith("STORE_FULL: The disk of " + folder.toAbsolutePath())
                                    .contains("bytes are needed and 0 are free")));
            assertThat(kafka.of(run, CheckpointPublished.class)).isEmpty();
            Files.delete(others);
            kafka.await(run, CheckpointPublished.class, c -> c.last() && c.network() == Network.AUTOENCODER);
            waited = kafka.of(run, CheckpointPublished.class);
        }
        Files.delete(folder);

        RunRef other = new RunRef(
                UUID.randomUUID().toString().replace("-", ""),
                "shades",
                balanced.run().spec());
        assertThat(train(new DatasetBalanced(
                        other,
                        balanced.manifest(),
                        balanced.shards(),
                        balanced.balance(),
                        balanced.rows(),
                        balanced.synthetic())))
                .extracting(CheckpointPublished::weights)
                .isEqualTo(waited.stream().map(CheckpointPublished::weights).toList());
    }

    private Optional<String> errorOf(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(
                                "select error from job where run = :run and key = 'classifier' and state = 'running' and error is not null")
                        .bind("run", run)
                        .mapTo(String.class)
                        .findOne());
    }

    @Test
    void cancelledTrainingStopsWithinSecondsAndLeavesNoFiles() throws Exception {
        DatasetBalanced endless = BalancedSet.publish(store, FOR_HOURS, AUTOENCODER);
        String run = endless.run().id();
        publish(endless, "");
        kafka.await(run, CheckpointPublished.class);
        publish(new RunCancelled(endless.run(), "changed my mind"), "");
        // The next job in the queue starts only after the cancelled one has stopped.
        DatasetBalanced next = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        long asked = System.nanoTime();
        train(next);
        assertThat((System.nanoTime() - asked) / 1e9).isLessThan(30);
        List<PipelineEvent> published = kafka.of(run, PipelineEvent.class);
        kafka.await(next.run().id(), CheckpointPublished.class);
        assertThat(kafka.of(run, PipelineEvent.class)).isEqualTo(published);
        assertThat(kafka.of(run, CheckpointPublished.class)).noneMatch(CheckpointPublished::last);
        assertNoFolderIsLeft();
    }

    @Test
    void emptyTrainingSetFailsItsRunAndTheNextRunSucceeds() throws Exception {
        DatasetBalanced good = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        DatasetBalanced other = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        DatasetBalanced empty = new DatasetBalanced(other.run(), other.manifest(), List.of(), other.balance(), 0, 0);
        publish(empty, "");
        train(good);

        RunFailed failed = kafka.await(empty.run().id(), RunFailed.class);
        assertThat(failed.stage()).isEqualTo(Stage.TRAIN);
        assertThat(failed.kind()).isEqualTo(FailureKind.INPUT);
        assertThat(failed.reason()).isEqualTo("NOTHING_TO_LEARN_FROM");
        assertThat(kafka.of(empty.run().id(), CheckpointPublished.class)).isEmpty();
        assertNoFolderIsLeft();
    }

    @Test
    void runStartsFromGivenWeightsAndFailsWithThoseOfAnotherNetwork() throws Exception {
        List<CheckpointPublished> first = train(BalancedSet.publish(store, CLASSIFIER, AUTOENCODER));
        // The steps are almost zero.
        List<CheckpointPublished> second = train(BalancedSet.publish(
                store,
                from(first.get(2), "\"preset\": \"seed-cnn\", \"learningRate\": 1e-30"),
                from(first.getLast(), "\"preset\": \"seed-autoencoder\", \"latent\": 6")));
        assertThat(second).hasSize(2);
        try (Safetensors started = Safetensors.open(store.open(first.get(2).weights()));
                Safetensors ended =
                        Safetensors.open(store.open(second.getFirst().weights()))) {
            assertThat(ended.tensor("linear1.weight").floats())
                    .isEqualTo(started.tensor("linear1.weight").floats());
        }
        assertThat(second.getLast().measures().get("loss"))
                .isLessThan(first.get(4).measures().get("loss"));

        DatasetBalanced bad =
                BalancedSet.publish(store, from(first.getLast(), "\"preset\": \"seed-cnn\""), AUTOENCODER);
        publish(bad, "");
        RunFailed failed = kafka.await(bad.run().id(), RunFailed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.INPUT);
        assertThat(failed.reason()).isEqualTo("INITIAL_WEIGHTS_MISMATCH");
        assertThat(failed.detail()).contains("conv2d1.weight is missing, expected F32 [16, 3, 2, 2]");
        assertNoFolderIsLeft();
    }

    /// On a GPU or with another engine, a restarted training differs in the last bits and may stop at another
    /// epoch.
    @Test
    void endOfARestartedTrainingIsPublishedEvenIfItsEpochWas() throws Exception {
        DatasetBalanced balanced = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        ArtifactRef before = store.unreferenced().publish("checkpoint", "safetensors", new byte[] {1});
        for (int epoch : new int[] {3, 4}) {
            CheckpointPublished published = new CheckpointPublished(
                    balanced.run(), Network.CLASSIFIER, epoch, 9, false, false, before, Map.of("loss", 1.0), null);
            database.useTransaction(null, tx -> {
                tx.publish(published, "classifier/" + epoch);
                CheckpointTable.published(tx.sql(), published);
            });
        }
        CheckpointPublished last = train(balanced).stream()
                .filter(c -> c.last() && c.network() == Network.CLASSIFIER)
                .findFirst()
                .orElseThrow();
        assertThat(last.epoch()).isEqualTo(3);
        assertThat(store.open(last.weights())).isRegularFile();
        Optional<CheckpointTable.Checkpoint> kept = database.jdbi()
                .withHandle(sql -> CheckpointTable.find(sql, balanced.run().id(), "classifier", 3));
        assertThat(kept).hasValueSatisfying(c -> assertThat(c.weights()).isEqualTo(last.weights()));
    }

    @Test
    void runThatRequiresAMissingDeviceFails() throws Exception {
        DatasetBalanced elsewhere = BalancedSet.publish(store, "{\"device\": \"gpu:99\"}", AUTOENCODER);
        publish(elsewhere, "");
        RunFailed failed = kafka.await(elsewhere.run().id(), RunFailed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.INPUT);
        assertThat(failed.reason()).isEqualTo("NO_SUCH_DEVICE");
        assertThat(failed.detail()).contains("'gpu:99'", "supports cpu", "auto");
    }

    private static String from(CheckpointPublished checkpoint, String field) throws JsonProcessingException {
        return "{\"epochs\": 1, \"batchSize\": 8, %s, \"initialWeights\": %s}"
                .formatted(field, EventCodec.json().writeValueAsString(checkpoint.weights()));
    }

    @Test
    void runCancelledBeforeItsBalanceIsNeverTrained() throws Exception {
        DatasetBalanced balanced = BalancedSet.publish(store, CLASSIFIER, AUTOENCODER);
        publish(new RunCancelled(balanced.run(), "changed my mind"), "");
        Awaitility.await()
                .until(() -> count(
                                "select count(*) from ended_run where run = ?",
                                balanced.run().id())
                        == 1);
        publish(balanced, "");
        String id = EventCodec.eventId(balanced.run().id(), balanced.type(), "");
        Awaitility.await().until(() -> count("select count(*) from inbox where id = ?", id) == 1);
        assertThat(jobs(balanced.run())).isZero();
    }

    private long jobs(RunRef run) {
        return count("select count(*) from job where run = ?", run.id());
    }

    private long count(String question, String with) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(question)
                        .bind(0, with)
                        .mapTo(Long.class)
                        .one());
    }

    /// No folder of a job is left, once all jobs are over.
    private void assertNoFolderIsLeft() {
        Awaitility.await().untilAsserted(() -> {
            if (Files.isDirectory(state)) {
                try (Stream<Path> left = Files.list(state)) {
                    assertThat(left.filter(Files::isDirectory)).isEmpty();
                }
            }
        });
    }
}
