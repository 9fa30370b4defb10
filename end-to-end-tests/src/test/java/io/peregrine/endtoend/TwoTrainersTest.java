package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.RunCompleted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A trainer is paused during a training, for example because its machine swaps, and resumes after another
/// trainer has claimed the job. Both then act as its owner.
@Tag("slow")
class TwoTrainersTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String SPEC = """
            {"image":{"side":64},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":30,"batchSize":16},
             "autoencoder":{"preset":"seed-autoencoder","epochs":2,"batchSize":16,"latent":24}}""";

    @TempDir
    Path folder;

    @Test
    void exactlyOneResultIsPublishedByTwoTrainers() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);
        Map<String, String> environment = Map.of("PEREGRINE_WORK_LEASE", "4s", "PEREGRINE_TRAINER_SAVE_EVERY", "1s");
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder, environment)) {
            String alone = fixture.publish("alone", gallery, SPEC);
            assertThat(fixture.awaitEnd(alone)).isInstanceOf(RunCompleted.class);

            String run = fixture.publish("two", gallery, SPEC);
            await(
                    "the first trainer's first epochs",
                    () -> checkpoints(fixture, run).size() >= 2);
            signal(fixture, "STOP");
            long first = claims(fixture, run);
            fixture.replica("trainer");
            await("the second trainer's claim", () -> claims(fixture, run) > first);
            int taken = checkpoints(fixture, run).size();
            await(
                    "the second trainer's first epoch",
                    () -> checkpoints(fixture, run).size() > taken);
            assertThat(fixture.listener().end(run))
                    .as("the trainer is paused during the training, not after its end")
                    .isEmpty();
            signal(fixture, "CONT");

            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            assertThat(checkpoints(fixture, run))
                    .as("an event that both had published with different content or time would appear twice")
                    .isEqualTo(checkpoints(fixture, alone));
            await(
                    "the log of the paused trainer",
                    () -> Files.readString(fixture.log("trainer"))
                            .contains("Job stopped run=%s kind=train key=classifier reason=LEASE_LOST".formatted(run)));
        }
    }

    private static void await(String what, Awaited condition) {
        Awaitility.await(what)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(condition::holds);
    }

    private interface Awaited {
        boolean holds() throws Exception;
    }

    private static void signal(PeregrineFixture fixture, String signal) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(fixture.pid("trainer"))).start();
        assertThat(kill.waitFor()).isZero();
    }

    private static List<String> checkpoints(PeregrineFixture fixture, String run) {
        return fixture.listener().of(run, CheckpointPublished.class).stream()
                .map(c -> "%s %03d %s %s".formatted(c.network(), c.epoch(), c.weights(), c.test()))
                .sorted()
                .toList();
    }

    /// @return how often the classifier's training was claimed
    private static long claims(PeregrineFixture fixture, String run) throws SQLException {
        try (Connection database = fixture.database("trainer");
                PreparedStatement query =
                        database.prepareStatement("select fence from job where run = ? and key = 'classifier'")) {
            query.setString(1, run);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }
}
