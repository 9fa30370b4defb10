package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/// Ends the trainer at moments drawn from a seed: by `kill -9`, by `kill -9` with its newest snapshot damaged,
/// and by SIGTERM. It also lets the trainer preempt runs for each other. In all cases a training produces the
/// same bytes as an uninterrupted one.
///
/// Trainings are started until the trainer was ended `-Dperegrine.resume.endings` times; the long version uses
/// 50.
@Tag("slow")
class ExactResumeTest {
    private static final int ENDINGS = Integer.getInteger("peregrine.resume.endings", 4);
    private static final Duration SAVE_EVERY = Duration.ofSeconds(1);
    /// Allowance for a step, a save and a slow machine, in addition to the interval between two saves.
    private static final Duration SLACK = Duration.ofSeconds(2);
    private static final String SPEC = """
            {"image":{"side":64},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":12,"batchSize":16},
             "autoencoder":{"preset":"seed-autoencoder","epochs":12,"batchSize":16,"latent":24}}""";
    private static final String HOURS = SPEC.replace("\"seed-cnn\",\"epochs\":12", "\"seed-cnn\",\"epochs\":100000");

    private enum Ending {
        KILLED,
        KILLED_AND_DAMAGED,
        TERMINATED
    }

    // Kept on failure, because the trainer's log is needed to find the cause.
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private PeregrineFixture fixture;
    private final Random random = new Random(Long.getLong("peregrine.resume.seed", 42));
    private int endings;
    private final Set<String> damaged = new HashSet<>();
    private double maxSecondsRedone;
    private double maxSecondsToResume;

    @Test
    void aTrainingThatIsInterruptedOftenProducesTheSameBytes() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);
        try (PeregrineFixture open = open()) {
            fixture = open;
            String first = fixture.publish("uninterrupted", gallery, SPEC);
            assertThat(fixture.awaitEnd(first)).isInstanceOf(RunCompleted.class);
            Map<String, String> uninterrupted = outcome(first);
            assertThat(uninterrupted).hasSize(25);
            assertThat(checkpoints(needed(first))).isEqualTo(fixture.listener().keptCheckpoints(first));
            // One more artifact: the per-class measures of the classifier's last epoch.
            assertThat(needed(first)).hasSize(checkpoints(needed(first)).size() + 1);

            int trainings = 0;
            while (endings < ENDINGS) {
                String run = fixture.publish("interrupted-" + ++trainings, gallery, SPEC);
                disturb(run);
                assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
                assertThat(outcome(run)).isEqualTo(uninterrupted);
                assertThat(needed(run)).isEqualTo(needed(first));
            }
            Awaitility.await("no other checkpoint is left")
                    .atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(fixture.store().list("checkpoint"))
                            .extracting(ArtifactStore.Stored::uri)
                            .containsExactlyInAnyOrderElementsOf(checkpoints(needed(first))));
            System.out.printf(
                    "%d interruptions (%d with a damaged snapshot) in %d trainings: at most %.1f s of work redone, resumed within %.1f s%n",
                    endings, damaged.size(), trainings, maxSecondsRedone, maxSecondsToResume);
            assertThat(Files.readAllLines(fixture.log("trainer")))
                    .as("exactly the damaged snapshots are rejected, with a log line")
                    .filteredOn(line -> line.contains("Training snapshot rejected"))
                    .map(line -> line.replaceFirst(".*: snapshot (\\S+) is damaged: its checksum is.*", "$1"))
                    // A trainer that ends again before its first save finds the same file again.
                    .containsAll(damaged)
                    .isSubsetOf(damaged);
        }
    }

    private PeregrineFixture open() throws Exception {
        return PeregrineFixture.open(
                folder.resolve("data"),
                folder,
                Map.of(
                        "PEREGRINE_TRAINER_SAVE_EVERY", SAVE_EVERY.toSeconds() + "s",
                        "PEREGRINE_TRAINER_SLICE", "1s",
                        "PEREGRINE_WORK_TURN", "1s"));
    }

    private static Set<String> checkpoints(Set<String> uris) {
        return uris.stream()
                .filter(uri -> uri.startsWith("store:checkpoint/"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void aTrainingThatGivesWayAgainAndAgainEndsInTheSameBytes() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);
        try (PeregrineFixture open = open()) {
            fixture = open;
            String first = fixture.publish("uninterrupted", gallery, SPEC);
            assertThat(fixture.awaitEnd(first)).isInstanceOf(RunCompleted.class);
            slice(gallery, outcome(first));
        }
    }

    /// A run that shares its trainer with a training of many hours reports what it waits for. Once served, it is
    /// preempted repeatedly, and still completes.
    private void slice(Path gallery, Map<String, String> uninterrupted) throws Exception {
        String urgent = fixture.publish("urgent", gallery, HOURS.replace("{\"image\"", "{\"priority\":10,\"image\""));
        awaitTraining(urgent, 0);
        String run = fixture.publish("sliced", gallery, SPEC);
        assertThat(awaitWaiting(run)).isEqualTo("train, position 1, behind %s".formatted(List.of(urgent)));
        String rival = fixture.publish("rival", gallery, HOURS);
        assertThat(awaitWaiting(rival)).isEqualTo("train, position 2, behind %s".formatted(List.of(urgent, run)));
        assertThat(fixture.post("/api/v1/runs/" + urgent + "/cancel", "").statusCode())
                .isEqualTo(202);

        assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
        assertThat(outcome(run)).isEqualTo(uninterrupted);
        assertThat(fixture.get("/api/v1/runs/" + run).has("waiting")).isFalse();
        assertThat(fixture.listener().end(rival)).isEmpty();
        long claims = claims(run);
        System.out.printf("two networks were trained in %d slices next to a training of many hours%n", claims);
        assertThat(claims).as("slices of both networks").isGreaterThan(4);
    }

    private String awaitWaiting(String run) throws Exception {
        Awaitility.await("what " + run + " waits for")
                .atMost(Duration.ofMinutes(2))
                .until(() -> fixture.get("/api/v1/runs?limit=50")
                                .findValuesAsText("run")
                                .contains(run)
                        && fixture.get("/api/v1/runs/" + run).has("waiting"));
        JsonNode waiting = fixture.get("/api/v1/runs/" + run).path("waiting");
        return "%s, position %d, behind %s"
                .formatted(
                        waiting.path("stage").asText(),
                        waiting.path("position").asInt(),
                        StreamSupport.stream(waiting.path("behind").spliterator(), false)
                                .map(JsonNode::asText)
                                .toList());
    }

    /// @return how often the run's trainings were claimed
    private long claims(String run) throws SQLException {
        try (Connection database = fixture.database("trainer");
                PreparedStatement query = database.prepareStatement("select sum(fence) from job where run = ?")) {
            query.setString(1, run);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    /// Ends the trainer repeatedly while it trains for a run, until the run is trained or the required number is
    /// reached.
    private void disturb(String run) throws Exception {
        long ended = 0;
        while (endings < ENDINGS) {
            Optional<Long> startedAt = awaitTraining(run, ended);
            if (startedAt.isEmpty()) {
                return;
            }
            if (ended > 0) {
                maxSecondsToResume = Math.max(maxSecondsToResume, (startedAt.get() - ended) / 1e3);
            }
            // Not a wait for something: the trainer is ended at a random moment.
            TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
            Ending how = Ending.values()[random.nextInt(Ending.values().length)];
            Optional<String> network = atWork(run);
            if (network.isPresent()) {
                // Progress of this network only, because the training of the other one may have ended meanwhile.
                Optional<Long> itself = progress(run, network.get()::equals, ended);
                end(run, network.get(), how, itself, System.currentTimeMillis());
                // Set only now, because until the trainer has exited it may still report progress, which must not
                // count for the next one.
                ended = System.currentTimeMillis();
            }
        }
    }

    /// @param since milliseconds since 1970
    /// @return time of the first progress after a moment; empty if the training has ended
    private Optional<Long> awaitTraining(String run, long since) {
        Awaitility.await("training of " + run)
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(20))
                .until(() ->
                        isTrained(run) || progress(run, task -> true, since).isPresent());
        return isTrained(run) ? Optional.empty() : progress(run, task -> true, since);
    }

    /// @return time of the first progress of a network after a moment
    private Optional<Long> progress(String run, Predicate<String> network, long since) {
        // Uses the time of the event, because events in the outbox of a killed process are sent later.
        return fixture.listener().of(run).stream()
                .filter(event -> event.data() instanceof StageProgressed progress
                        && progress.stage() == Stage.TRAIN
                        && network.test(progress.task()))
                .map(event -> event.time().toEpochMilli())
                .filter(time -> time > since)
                .min(Long::compare);
    }

    private boolean isTrained(String run) {
        return fixture.listener().of(run, CheckpointPublished.class).stream()
                        .filter(CheckpointPublished::last)
                        .count()
                == 2;
    }

    /// @param startedAt since when the network is being trained; empty if no progress was reported yet
    private void end(String run, String network, Ending how, Optional<Long> startedAt, long now) throws Exception {
        if (how == Ending.TERMINATED) {
            fixture.terminate("trainer");
            assertThat(System.currentTimeMillis() - now)
                    .as("the trainer exits in time after SIGTERM")
                    .isLessThan(10_000);
        } else {
            fixture.kill("trainer");
        }
        endings++;
        Optional<Path> newest = newest(run, network);
        if (newest.isEmpty()) {
            return;
        }
        long saved = Files.getLastModifiedTime(newest.get()).toMillis();
        // Also negative if no training step had been done yet.
        double redone =
                startedAt.map(since -> (now - Math.max(since, saved)) / 1e3).orElse(Double.NEGATIVE_INFINITY);
        switch (how) {
            case TERMINATED ->
                assertThat(redone)
                        .as("%s of %s saves its current state", network, run)
                        .isNegative();
            case KILLED -> {
                assertThat(redone).isLessThan(SAVE_EVERY.plus(SLACK).toSeconds());
                maxSecondsRedone = Math.max(maxSecondsRedone, redone);
            }
            case KILLED_AND_DAMAGED -> {
                // Damaging the same bit twice would repair the file.
                if (damaged.add(newest.get().toString())) {
                    byte[] state = Files.readAllBytes(newest.get());
                    state[random.nextInt(state.length)] ^= 1;
                    Files.write(newest.get(), state);
                }
            }
        }
    }

    /// @return the network that is being trained; this includes the job of a killed trainer until its lease
    ///     expires
    private Optional<String> atWork(String run) throws SQLException {
        try (Connection database = fixture.database("trainer");
                PreparedStatement query = database.prepareStatement(
                        "select key from job where run = ? and kind = 'train' and state = 'running' "
                                + "order by lease_until desc limit 1")) {
            query.setString(1, run);
            try (ResultSet rows = query.executeQuery()) {
                return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
            }
        }
    }

    /// @return the snapshot from which a training would resume; empty before the first save and after the
    ///     training
    private Optional<Path> newest(String run, String network) throws SQLException {
        try (Connection database = fixture.database("trainer");
                PreparedStatement query = database.prepareStatement(
                        "select saved from job where run = ? and key = ? and state <> 'done' and saved is not null")) {
            query.setString(1, run);
            query.setString(2, network);
            try (ResultSet rows = query.executeQuery()) {
                return rows.next()
                        ? Optional.of(fixture.trainerState()
                                .resolve(run + "-" + network)
                                .resolve(new String(rows.getBytes(1), UTF_8).split("[ \n]")[0]))
                        : Optional.empty();
            }
        }
    }

    /// @return URIs of the artifacts that the run still references
    private Set<String> needed(String run) throws SQLException {
        Set<String> needed = new TreeSet<>();
        try (Connection database = fixture.database("trainer");
                PreparedStatement query = database.prepareStatement("select uri from needed where run = ?")) {
            query.setString(1, run);
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    needed.add(rows.getString(1));
                }
            }
        }
        return needed;
    }

    /// Checkpoints, measures and clusters. Names of artifacts are digests, so equal names mean equal bytes.
    private Map<String, String> outcome(String run) {
        Map<String, String> outcome = new TreeMap<>();
        for (CheckpointPublished c : fixture.listener().of(run, CheckpointPublished.class)) {
            String left =
                    "%s %s %s %s".formatted(c.weights(), c.best(), c.measures().get("loss"), c.test());
            assertThat(outcome.put(c.network() + " " + c.epoch(), left))
                    .as("%s's epoch %d is published once", c.network(), c.epoch())
                    .isNull();
        }
        for (ClustersComputed c : fixture.listener().of(run, ClustersComputed.class)) {
            outcome.put("clusters", "%s %s".formatted(c.clusters(), c.latents()));
        }
        return outcome;
    }
}
