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

/// A trainer is paused in the middle of a training, as by a machine that swaps or a debugger, and wakes when
/// another has taken the training over: both are sure that it is theirs.
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
    void ofTwoTrainersAndAPausedOneExactlyOneResultIsPublished() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);
        Map<String, String> environment = Map.of("PEREGRINE_WORK_LEASE", "4s", "PEREGRINE_TRAINER_SAVE_EVERY", "1s");
        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("data"), folder, environment)) {
            String alone = house.publish("alone", gallery, SPEC);
            assertThat(house.awaitEnd(alone)).isInstanceOf(RunCompleted.class);

            String run = house.publish("two", gallery, SPEC);
            await(
                    "the first trainer's first epochs",
                    () -> checkpoints(house, run).size() >= 2);
            signal(house, "STOP");
            long first = claims(house, run);
            house.replica("trainer");
            await("the second trainer's claim", () -> claims(house, run) > first);
            int taken = checkpoints(house, run).size();
            await(
                    "the second trainer's first epoch",
                    () -> checkpoints(house, run).size() > taken);
            assertThat(house.listener().end(run))
                    .as("it is paused in the middle, not after the end")
                    .isEmpty();
            signal(house, "CONT");

            assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            assertThat(checkpoints(house, run))
                    .as("an event that both had said, in other words or at another time, would be here twice")
                    .isEqualTo(checkpoints(house, alone));
            await(
                    "what the paused one says of it",
                    () -> Files.readString(house.log("trainer"))
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

    private static void signal(PeregrineFixture house, String signal) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(house.pid("trainer"))).start();
        assertThat(kill.waitFor()).isZero();
    }

    private static List<String> checkpoints(PeregrineFixture house, String run) {
        return house.listener().of(run, CheckpointPublished.class).stream()
                .map(c -> "%s %03d %s %s".formatted(c.network(), c.epoch(), c.weights(), c.test()))
                .sorted()
                .toList();
    }

    /// @return how often the classifier's training has been taken up
    private static long claims(PeregrineFixture house, String run) throws SQLException {
        try (Connection database = house.database("trainer");
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
