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
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kills each service once (`kill -9`) while it works, at a moment drawn from a seed: the run ends as if nothing
/// had happened, byte for byte.
class KillTest {
    private static final String SPEC = """
            {"image":{"side":64},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":3,"batchSize":16},
             "autoencoder":{"preset":"seed-autoencoder","epochs":3,"batchSize":16,"latent":24}}""";

    @TempDir
    Path folder;

    @Test
    void aRunIsTheSameWhoeverIsKilledOnTheWay() throws Exception {
        long seed = Long.parseLong(System.getProperty("peregrine.kill.seed", "42"));
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 60, 25, 12, 33);

        Map<String, String> undisturbed;
        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("undisturbed"), folder)) {
            String run = house.publish("killed", gallery, SPEC);
            assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            undisturbed = outcome(house, run);
        }

        // A killed service's job is taken up when its lease has run out: a short one, so that there is less to
        // wait for.
        Map<String, String> environment = Map.of("PEREGRINE_WORK_LEASE", "5s");
        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("killed"), folder, environment)) {
            Random random = new Random(seed);
            String run = house.publish("killed", gallery, SPEC);
            killAfter(house, run, "ingest", RunAccepted.class::isInstance, random.nextInt(400));
            killAfter(house, run, "balance", DatasetSealed.class::isInstance, random.nextInt(400));
            killAfter(house, run, "trainer", DatasetBalanced.class::isInstance, 500 + random.nextInt(3_000));
            killAfter(house, run, "cluster", KillTest::isFinalAutoencoder, random.nextInt(300));

            assertThat(house.awaitEnd(run)).as("seed %d", seed).isInstanceOf(RunCompleted.class);
            assertThat(outcome(house, run)).as("seed %d", seed).isEqualTo(undisturbed);
        }
    }

    private static boolean isFinalAutoencoder(PipelineEvent event) {
        return event instanceof CheckpointPublished checkpoint
                && checkpoint.last()
                && checkpoint.network().jsonName().equals("autoencoder");
    }

    private static void killAfter(
            PeregrineFixture house, String run, String service, Predicate<PipelineEvent> moment, int milliseconds) {
        Awaitility.await("the moment to kill " + service)
                .atMost(Duration.ofMinutes(3))
                .until(() ->
                        house.listener().of(run).stream().map(CloudEvent::data).anyMatch(moment));
        Awaitility.await().pollDelay(Duration.ofMillis(milliseconds)).until(() -> true);
        house.kill(service);
    }

    /// Everything that a run produced, by name: the answers of REST, and every event by its id, except
    /// `stage.progressed` and `stage.queued`.
    private static Map<String, String> outcome(PeregrineFixture house, String run) throws Exception {
        Map<String, String> outcome = new TreeMap<>();
        for (CloudEvent event : house.listener().of(run)) {
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
                    .as("%s %s said twice with other content", event.type(), event.id())
                    .isNull();
        }
        JsonNode images = house.get("/api/v1/runs/" + run + "/images?limit=1000");
        outcome.put("images over REST", images.get("items").toString());
        outcome.put(
                "clusters over REST",
                house.get("/api/v1/runs/" + run + "/clusters").toString());
        return outcome;
    }
}
