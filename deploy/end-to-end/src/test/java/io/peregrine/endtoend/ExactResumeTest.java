package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.ArtifactStore;
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

/// Ends the trainer at moments drawn from a seed: by `kill -9`, by `kill -9` with its newest state damaged, and
/// by asking it to stop; and has it serve runs in turns. However often that happens, a training ends in the bytes
/// of an undisturbed one.
///
/// `-Dperegrine.resume.endings=50` is the long form; trainings are begun until there were so many.
@Tag("slow")
class ExactResumeTest {
    private static final int ENDINGS = Integer.getInteger("peregrine.resume.endings", 4);
    private static final Duration SAVE_EVERY = Duration.ofSeconds(1);
    /// What a step, a save and a slow machine may add to the pause between two saves.
    private static final Duration SLACK = Duration.ofSeconds(2);
    private static final String SPEC = """
            {"image":{"side":64},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":12,"batchSize":16},
             "autoencoder":{"preset":"seed-autoencoder","epochs":12,"batchSize":16,"latent":24}}""";
    private static final String HOURS = SPEC.replace("\"seed-cnn\",\"epochs\":12", "\"seed-cnn\",\"epochs\":100000");

    private enum Ending {
        KILLED,
        KILLED_AND_DAMAGED,
        ASKED
    }

    // Who looks for what went wrong needs the trainer's log.
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private PeregrineFixture house;
    private final Random random = new Random(Long.getLong("peregrine.resume.seed", 42));
    private int endings;
    private final Set<String> damaged = new HashSet<>();
    private double longestRedone;
    private double longestResume;

    @Test
    void aTrainingIsTheSameHoweverOftenItsTrainerEnds() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);
        try (PeregrineFixture open = open()) {
            house = open;
            String first = house.publish("undisturbed", gallery, SPEC);
            assertThat(house.awaitEnd(first)).isInstanceOf(RunCompleted.class);
            Map<String, String> undisturbed = outcome(first);
            assertThat(undisturbed).hasSize(25);
            assertThat(checkpoints(needed(first))).isEqualTo(house.listener().keptCheckpoints(first));
            // And the measures by class of the classifier's last epoch.
            assertThat(needed(first)).hasSize(checkpoints(needed(first)).size() + 1);

            int trainings = 0;
            while (endings < ENDINGS) {
                String run = house.publish("disturbed-" + ++trainings, gallery, SPEC);
                disturb(run);
                assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
                assertThat(outcome(run)).isEqualTo(undisturbed);
                assertThat(needed(run)).isEqualTo(needed(first));
            }
            Awaitility.await("no other checkpoint is left")
                    .atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(house.store().list("checkpoint"))
                            .extracting(ArtifactStore.Stored::uri)
                            .containsExactlyInAnyOrderElementsOf(checkpoints(needed(first))));
            System.out.printf(
                    "%d endings (%d with damage) in %d trainings: at most %.1f s of work redone, resumed within %.1f s%n",
                    endings, damaged.size(), trainings, longestRedone, longestResume);
            assertThat(Files.readAllLines(house.log("trainer")))
                    .as("each damaged snapshot is logged as rejected, and no other")
                    .filteredOn(line -> line.contains("Training snapshot rejected"))
                    .map(line -> line.replaceFirst(".*: snapshot (\\S+) is damaged: its checksum is.*", "$1"))
                    // A trainer that ends again before its first save finds the same file once more.
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
            house = open;
            String first = house.publish("undisturbed", gallery, SPEC);
            assertThat(house.awaitEnd(first)).isInstanceOf(RunCompleted.class);
            slice(gallery, outcome(first));
        }
    }

    /// A run that shares its trainer with a training of hours is told what it waits for, gives way again and
    /// again once it is served, and ends.
    private void slice(Path gallery, Map<String, String> undisturbed) throws Exception {
        String urgent = house.publish("urgent", gallery, HOURS.replace("{\"image\"", "{\"priority\":10,\"image\""));
        awaitTraining(urgent, 0);
        String run = house.publish("sliced", gallery, SPEC);
        assertThat(awaitWaiting(run)).isEqualTo("train, position 1, behind %s".formatted(List.of(urgent)));
        String rival = house.publish("rival", gallery, HOURS);
        assertThat(awaitWaiting(rival)).isEqualTo("train, position 2, behind %s".formatted(List.of(urgent, run)));
        assertThat(house.post("/api/v1/runs/" + urgent + "/cancel", "").statusCode())
                .isEqualTo(202);

        assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
        assertThat(outcome(run)).isEqualTo(undisturbed);
        assertThat(house.get("/api/v1/runs/" + run).has("waiting")).isFalse();
        assertThat(house.listener().end(rival)).isEmpty();
        long claims = claims(run);
        System.out.printf("two networks were trained in %d slices beside a training of hours%n", claims);
        assertThat(claims).as("slices of both networks").isGreaterThan(4);
    }

    private String awaitWaiting(String run) throws Exception {
        Awaitility.await("what " + run + " waits for")
                .atMost(Duration.ofMinutes(2))
                .until(() -> house.get("/api/v1/runs?limit=50")
                                .findValuesAsText("run")
                                .contains(run)
                        && house.get("/api/v1/runs/" + run).has("waiting"));
        JsonNode waiting = house.get("/api/v1/runs/" + run).path("waiting");
        return "%s, position %d, behind %s"
                .formatted(
                        waiting.path("stage").asText(),
                        waiting.path("position").asInt(),
                        StreamSupport.stream(waiting.path("behind").spliterator(), false)
                                .map(JsonNode::asText)
                                .toList());
    }

    /// @return how often the run's trainings were taken up
    private long claims(String run) throws SQLException {
        try (Connection database = house.database("trainer");
                PreparedStatement query = database.prepareStatement("select sum(fence) from job where run = ?")) {
            query.setString(1, run);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    /// Ends the trainer again and again while it trains for a run, until that is over or it was often enough.
    private void disturb(String run) throws Exception {
        long ended = 0;
        while (endings < ENDINGS) {
            Optional<Long> going = awaitTraining(run, ended);
            if (going.isEmpty()) {
                return;
            }
            if (ended > 0) {
                longestResume = Math.max(longestResume, (going.get() - ended) / 1e3);
            }
            TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
            Ending how = Ending.values()[random.nextInt(Ending.values().length)];
            Optional<String> network = atWork(run);
            if (network.isPresent()) {
                // Not since the other one, which may have come to its end meanwhile.
                Optional<Long> itself = progress(run, network.get()::equals, ended);
                end(run, network.get(), how, itself, System.currentTimeMillis());
                // Only now: until it is gone, it may still tell of progress, which is not the next one's.
                ended = System.currentTimeMillis();
            }
        }
    }

    /// @param since milliseconds since 1970
    /// @return when the first progress after a moment was made; empty, if the run has been trained
    private Optional<Long> awaitTraining(String run, long since) {
        Awaitility.await("training of " + run)
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(20))
                .until(() ->
                        isTrained(run) || progress(run, task -> true, since).isPresent());
        return isTrained(run) ? Optional.empty() : progress(run, task -> true, since);
    }

    /// @return when the first progress after a moment was made with a network
    private Optional<Long> progress(String run, Predicate<String> network, long since) {
        // By the time at which it was said: what a killed process has left in its outbox is sent later.
        return house.listener().of(run).stream()
                .filter(event -> event.data() instanceof StageProgressed progress
                        && progress.stage() == Stage.TRAIN
                        && network.test(progress.task()))
                .map(event -> event.time().toEpochMilli())
                .filter(time -> time > since)
                .min(Long::compare);
    }

    private boolean isTrained(String run) {
        return house.listener().of(run, CheckpointPublished.class).stream()
                        .filter(CheckpointPublished::last)
                        .count()
                == 2;
    }

    /// @param going since when it has trained this network; empty, if it has not told of that yet
    private void end(String run, String network, Ending how, Optional<Long> going, long now) throws Exception {
        if (how == Ending.ASKED) {
            house.terminate("trainer");
            assertThat(System.currentTimeMillis() - now)
                    .as("told to stop, it is out")
                    .isLessThan(10_000);
        } else {
            house.kill("trainer");
        }
        endings++;
        Optional<Path> newest = newest(run, network);
        if (newest.isEmpty()) {
            return;
        }
        long saved = Files.getLastModifiedTime(newest.get()).toMillis();
        // Negative, too, where nothing had been learnt yet.
        double redone = going.map(since -> (now - Math.max(since, saved)) / 1e3).orElse(Double.NEGATIVE_INFINITY);
        switch (how) {
            case ASKED ->
                assertThat(redone)
                        .as("%s of %s saves where it stands", network, run)
                        .isNegative();
            case KILLED -> {
                assertThat(redone).isLessThan(SAVE_EVERY.plus(SLACK).toSeconds());
                longestRedone = Math.max(longestRedone, redone);
            }
            case KILLED_AND_DAMAGED -> {
                // Damaged twice, it could be whole again.
                if (damaged.add(newest.get().toString())) {
                    byte[] state = Files.readAllBytes(newest.get());
                    state[random.nextInt(state.length)] ^= 1;
                    Files.write(newest.get(), state);
                }
            }
        }
    }

    /// @return the network that is being trained: a killed trainer's job looks so, too, until its lease runs out
    private Optional<String> atWork(String run) throws SQLException {
        try (Connection database = house.database("trainer");
                PreparedStatement query = database.prepareStatement(
                        "select key from job where run = ? and kind = 'train' and state = 'running' "
                                + "order by lease_until desc limit 1")) {
            query.setString(1, run);
            try (ResultSet rows = query.executeQuery()) {
                return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
            }
        }
    }

    /// @return the file that a resume would begin from; empty before the first save, and when the training is over
    private Optional<Path> newest(String run, String network) throws SQLException {
        try (Connection database = house.database("trainer");
                PreparedStatement query = database.prepareStatement(
                        "select saved from job where run = ? and key = ? and state <> 'done' and saved is not null")) {
            query.setString(1, run);
            query.setString(2, network);
            try (ResultSet rows = query.executeQuery()) {
                return rows.next()
                        ? Optional.of(house.trainerState()
                                .resolve(run + "-" + network)
                                .resolve(new String(rows.getBytes(1), UTF_8).split("[ \n]")[0]))
                        : Optional.empty();
            }
        }
    }

    /// @return names of the checkpoints that are not given up
    private Set<String> needed(String run) throws SQLException {
        Set<String> needed = new TreeSet<>();
        try (Connection database = house.database("trainer");
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

    /// Checkpoints, measures and clusters: names of artifacts are digests of their bytes.
    private Map<String, String> outcome(String run) {
        Map<String, String> outcome = new TreeMap<>();
        for (CheckpointPublished c : house.listener().of(run, CheckpointPublished.class)) {
            String left =
                    "%s %s %s %s".formatted(c.weights(), c.best(), c.measures().get("loss"), c.test());
            assertThat(outcome.put(c.network() + " " + c.epoch(), left))
                    .as("%s's epoch %d is published once", c.network(), c.epoch())
                    .isNull();
        }
        for (ClustersComputed c : house.listener().of(run, ClustersComputed.class)) {
            outcome.put("clusters", "%s %s".formatted(c.clusters(), c.latents()));
        }
        return outcome;
    }
}
