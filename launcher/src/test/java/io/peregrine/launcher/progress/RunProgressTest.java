package io.peregrine.launcher.progress;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Help.Ansi;

/// Progress of a run built from its events, as shown to users and programs.
class RunProgressTest {
    private static final ArtifactRef SOME = new ArtifactRef("store:some/00", "0".repeat(64), 1);
    private static final RunRef RUN = new RunRef("ab".repeat(16), "gallery", SOME);
    private static final Instant BEGIN = Instant.parse("2026-01-01T10:00:00Z");

    private static CloudEvent event(int second, PipelineEvent event) {
        return new CloudEvent(
                EventCodec.eventId(RUN.id(), event.type(), Integer.toString(second)),
                "/peregrine/some-service",
                event.type(),
                BEGIN.plusSeconds(second),
                RUN.id(),
                RUN.id(),
                null,
                event);
    }

    private static CheckpointPublished checkpoint(Network network, int epoch, double loss) {
        TestMeasures test = epoch < 2 ? null : new TestMeasures(0.5, 0.75, 0.625, 0.6, 8, null, SOME);
        return new CheckpointPublished(
                RUN,
                network,
                epoch,
                2,
                true,
                epoch == 2,
                SOME,
                Map.of("loss", loss, "accuracy", 0.9, "imagesPerSecond", 200.4),
                test);
    }

    private static List<CloudEvent> events() {
        return List.of(
                event(0, new RunAccepted(RUN, "file:///gallery")),
                event(
                        1,
                        new ImageRejected(
                                RUN,
                                "cd".repeat(16),
                                7,
                                "Cubism",
                                Split.TRAIN,
                                "half.jpg",
                                "0".repeat(64),
                                "IMAGE_TRUNCATED",
                                "it ends early")),
                event(4, new DatasetSealed(RUN, new ManifestRef(SOME, SOME), 2, 48, 8, 1, 0)),
                event(6, new DatasetBalanced(RUN, new ManifestRef(SOME, SOME), List.of(SOME), SOME, 60, 20)),
                event(8, checkpoint(Network.CLASSIFIER, 1, 1.25)),
                event(10, checkpoint(Network.CLASSIFIER, 2, 0.5)),
                event(13, checkpoint(Network.AUTOENCODER, 1, 5_000)),
                event(16, checkpoint(Network.AUTOENCODER, 2, 2_500)),
                event(20, new ClustersComputed(RUN, SOME, SOME, 2, 3, 100, Map.of("nmi.all", 0.5))),
                event(21, new RunCompleted(RUN)));
    }

    private static RunProgress progress(List<CloudEvent> events) {
        RunProgress progress = new RunProgress(RUN.id());
        events.forEach(progress::receive);
        return progress;
    }

    @Test
    void orderAndRepeatsDoNotMatter() {
        RunProgress inOrder = progress(events());
        Random random = new Random(3);
        for (int trial = 0; trial < 50; trial++) {
            List<CloudEvent> shuffled = new ArrayList<>(events());
            shuffled.addAll(events());
            Collections.shuffle(shuffled, random);
            assertThat(progress(shuffled))
                    .usingRecursiveComparison()
                    .ignoringCollectionOrder()
                    .isEqualTo(inOrder);
        }
    }

    @Test
    void anotherRunsEventsAreNotItsOwn() {
        RunProgress other = new RunProgress("cd".repeat(16));
        assertThat(events()).noneMatch(other::receive);
        assertThat(other.end()).isEmpty();
    }

    @Test
    void withoutATerminalEachFactIsALine() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ProgressView view = new ProgressView(
                new PrintStream(bytes, true, StandardCharsets.UTF_8), ProgressView.Mode.PLAIN, Ansi.OFF);
        RunProgress progress = new RunProgress(RUN.id());
        for (CloudEvent event : events()) {
            progress.receive(event);
            view.show(event, progress);
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "accepted   run " + RUN.id() + " of file:///gallery",
                        "refused    Cubism/half.jpg: IMAGE_TRUNCATED, it ends early",
                        "ingested   48 images of 2 classes, 1 refused",
                        "balanced   40 real + 20 synthetic",
                        "trained    classifier epoch 1/2, loss 1.250, accuracy 0.900, 200 images/s",
                        "trained    classifier epoch 2/2, loss 0.500, accuracy 0.900, 200 images/s",
                        "trained    autoencoder epoch 1/2, loss 5000, 200 images/s",
                        "trained    autoencoder epoch 2/2, loss 2500, 200 images/s",
                        "clustered  2 clusters, NMI with the classes 0.500");
    }

    @Test
    void onATerminalABlockOfFourStagesMoves() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ProgressView view =
                new ProgressView(new PrintStream(bytes, true, StandardCharsets.UTF_8), ProgressView.Mode.LIVE, Ansi.ON);
        RunProgress progress = progress(events().subList(0, 5));
        view.draw(progress, BEGIN.plusSeconds(9));
        view.draw(progress, BEGIN.plusSeconds(9));
        String[] drawn = bytes.toString(StandardCharsets.UTF_8).split("\u001b\\[4A\u001b\\[J");
        assertThat(drawn).hasSize(2);
        assertThat(drawn[1].replaceAll("\u001b\\[[0-9;]*m", "").lines())
                .satisfiesExactly(
                        line -> assertThat(line).contains("✓ ingest", "█".repeat(24), "4.0 s", "48 images, 1 refused"),
                        line -> assertThat(line).contains("✓ balance", "40 real + 20 synthetic"),
                        line -> assertThat(line).contains("▸ train", "█".repeat(6) + "░", "classifier epoch 1/2"),
                        line -> assertThat(line).contains("· cluster", "░".repeat(24)));
    }

    @Test
    void withoutColoursABlockHasOnlyTheMovesOfTheCursor() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ProgressView view = new ProgressView(
                new PrintStream(bytes, true, StandardCharsets.UTF_8), ProgressView.Mode.LIVE, Ansi.OFF);
        view.draw(progress(events().subList(0, 5)), BEGIN.plusSeconds(9));
        assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("✓ ingest").doesNotContain("\u001b");
    }

    @Test
    void aStageThatHasNotStartedTookNoTime() {
        RunProgress progress = progress(events().subList(0, 3));
        assertThat(progress.took(Stage.BALANCE, BEGIN.plusSeconds(5))).contains(Duration.ofSeconds(1));
        assertThat(progress.took(Stage.TRAIN, BEGIN.plusSeconds(5))).isEmpty();
    }

    @Test
    void showsWhatARunWaitsForUntilItMakesProgress() {
        RunProgress progress = new RunProgress(RUN.id());
        String other = "cd".repeat(16);
        progress.receive(event(1, new StageQueued(RUN, Stage.INGEST, 2, List.of(other, "ef".repeat(16)), 12, null)));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ProgressView view =
                new ProgressView(new PrintStream(bytes, true, StandardCharsets.UTF_8), ProgressView.Mode.LIVE, Ansi.ON);
        view.draw(progress, BEGIN.plusSeconds(2));
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .contains("waiting for ingest-service: 2nd in the queue, behind run %s and 1 more".formatted(other));

        progress.receive(event(2, new StageQueued(RUN, Stage.INGEST, 0, List.of(), 12, "STORE_FULL: No room.")));
        view.draw(progress, BEGIN.plusSeconds(3));
        assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("waiting: STORE_FULL: No room.");

        progress.receive(event(3, new StageProgressed(RUN, Stage.INGEST, "decode", 1, 9, "images", Map.of())));
        assertThat(progress.queued(Stage.INGEST)).isEmpty();
    }
}
