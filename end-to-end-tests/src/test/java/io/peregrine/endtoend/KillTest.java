package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kills each service once (`kill -9`) while it works, at a moment drawn from a seed. The results of the run are
/// the same bytes as without kills.
class KillTest {
    private static final String SPEC = """
            {"image":{"side":64},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":3,"batchSize":16},
             "autoencoder":{"preset":"seed-autoencoder","epochs":3,"batchSize":16,"latent":24}}""";

    @TempDir
    Path folder;

    @Test
    void aRunProducesTheSameBytesAlthoughEachServiceIsKilled() throws Exception {
        long seed = Long.parseLong(System.getProperty("peregrine.kill.seed", "42"));
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);

        Map<String, String> uninterrupted;
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("uninterrupted"), folder)) {
            String run = fixture.publish("killed", gallery, SPEC);
            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            uninterrupted = outcome(fixture, run);
        }

        // A killed service's job can be claimed again when its lease has expired. A short lease shortens the
        // test.
        Map<String, String> environment = Map.of("PEREGRINE_WORK_LEASE", "5s");
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("killed"), folder, environment)) {
            Random random = new Random(seed);
            String run = fixture.publish("killed", gallery, SPEC);
            killAfter(fixture, run, "ingest", RunAccepted.class::isInstance, random.nextInt(400));
            killAfter(fixture, run, "balance", DatasetSealed.class::isInstance, random.nextInt(400));
            killAfter(fixture, run, "trainer", DatasetBalanced.class::isInstance, 500 + random.nextInt(3_000));
            killAfter(fixture, run, "cluster", KillTest::isFinalAutoencoder, random.nextInt(300));

            assertThat(fixture.awaitEnd(run)).as("seed %d", seed).isInstanceOf(RunCompleted.class);
            assertThat(outcome(fixture, run)).as("seed %d", seed).isEqualTo(uninterrupted);
        }
    }

    private static boolean isFinalAutoencoder(PipelineEvent event) {
        return event instanceof CheckpointPublished checkpoint
                && checkpoint.last()
                && checkpoint.network().jsonName().equals("autoencoder");
    }

    private static void killAfter(
            PeregrineFixture house, String run, String service, Predicate<PipelineEvent> moment, int milliseconds)
            throws InterruptedException {
        Awaitility.await("the moment to kill " + service)
                .atMost(Duration.ofMinutes(3))
                .until(() ->
                        house.listener().of(run).stream().map(CloudEvent::data).anyMatch(moment));
        // Not a wait for something: the service is killed at a random moment.
        TimeUnit.MILLISECONDS.sleep(milliseconds);
        house.kill(service);
    }

    /// The results of a run by name: answers over REST, and every event by its id, except `stage.progressed` and
    /// `stage.queued`.
    private static Map<String, String> outcome(PeregrineFixture fixture, String run) throws Exception {
        Map<String, String> outcome = new TreeMap<>();
        for (CloudEvent event : fixture.listener().of(run)) {
            if (event.data() instanceof StageProgressed || event.data() instanceof StageQueued) {
                continue;
            }
            String left = switch (event.data()) {
                case CheckpointPublished c ->
                    "%s %s %s".formatted(c.weights(), c.test(), c.measures().get("loss"));
                case ClustersComputed c -> "%s %s".formatted(c.clusters(), c.latents());
                default -> event.data().toString();
            };
            assertThat(outcome.put(event.type() + " " + event.id(), left))
                    .as("%s %s published twice with different content", event.type(), event.id())
                    .isNull();
        }
        JsonNode images = fixture.get("/api/v1/runs/" + run + "/images?limit=1000");
        outcome.put("images over REST", images.get("items").toString());
        outcome.put(
                "clusters over REST",
                fixture.get("/api/v1/runs/" + run + "/clusters").toString());
        return outcome;
    }
}
