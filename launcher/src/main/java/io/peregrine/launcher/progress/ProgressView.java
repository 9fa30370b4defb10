package io.peregrine.launcher.progress;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.Stage;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Help.Ansi;

/// Shows the progress of a run: on a terminal as a block of four stages that is redrawn, otherwise as one line
/// for each event.
public final class ProgressView {
    /// Output mode.
    public enum Mode {
        LIVE,
        PLAIN,
        SILENT
    }

    private static final int BAR = 24;
    private final PrintStream out;
    private final Mode mode;
    private final Ansi ansi;
    private int drawn;

    /// @param ansi whether stages are coloured; `AUTO` follows the terminal and `NO_COLOR`
    public ProgressView(PrintStream out, Mode mode, Ansi ansi) {
        this.out = out;
        this.mode = mode;
        this.ansi = ansi;
    }

    /// @return LIVE if standard output is a terminal, otherwise PLAIN
    public static Mode modeOfStandardOutput() {
        boolean terminal = System.console() != null && System.console().isTerminal();
        return terminal && !"dumb".equals(System.getenv("TERM")) ? Mode.LIVE : Mode.PLAIN;
    }

    /// Prints a line above the stages.
    public void print(String line) {
        if (mode == Mode.SILENT) {
            return;
        }
        erase();
        out.println(line);
        out.flush();
    }

    /// Shows a new event.
    public void show(CloudEvent event, RunProgress progress) {
        if (mode == Mode.PLAIN) {
            fact(event).ifPresent(line -> out.println(line));
            out.flush();
        } else {
            draw(progress, Instant.now());
        }
    }

    /// Redraws the stages on a terminal; to be called a few times a second.
    public void draw(RunProgress progress, Instant now) {
        if (mode != Mode.LIVE) {
            return;
        }
        erase();
        StringBuilder block = new StringBuilder();
        for (Stage stage : Stage.values()) {
            block.append(line(stage, progress, now)).append('\n');
        }
        out.print(block);
        out.flush();
        drawn = Stage.values().length;
    }

    /// Leaves the stages of an ended run where they are: what is printed next goes below them.
    public void keepStages() {
        drawn = 0;
    }

    private void erase() {
        if (drawn > 0) {
            out.print("\u001b[" + drawn + "A\u001b[J");
            drawn = 0;
        }
    }

    private String line(Stage stage, RunProgress progress, Instant now) {
        boolean ended = progress.hasEnded(stage);
        boolean working = !ended && stage == progress.current();
        String colour = ended ? "green" : working ? "yellow" : "faint";
        String time = progress.took(stage, now).map(ProgressView::seconds).orElse("");
        return "%s %s %s %s"
                .formatted(
                        styled(colour, "%s %-8s".formatted(ended ? "✓" : working ? "▸" : "·", stage.jsonName())),
                        bar(ended ? 1 : working ? share(stage, progress) : 0),
                        styled("faint", time),
                        detail(stage, progress));
    }

    /// Used only for text without `@` and `|`, which picocli's markup reserves.
    private String styled(String style, String text) {
        return text.isEmpty() ? text : ansi.string("@|%s %s|@".formatted(style, text));
    }

    private static double share(Stage stage, RunProgress progress) {
        if (stage == Stage.TRAIN) {
            double share = 0;
            for (Network network : Network.values()) {
                share += progress.newest(network)
                        .map(c -> (double) c.epoch() / c.epochs())
                        .orElse(0.0);
            }
            return share / Network.values().length;
        }
        return progress.latest(stage)
                .filter(p -> p.total() > 0)
                .map(p -> Math.min(1.0, (double) p.done() / p.total()))
                .orElse(0.0);
    }

    private static String bar(double share) {
        // Progress comes from events of the services, which may report more than the total.
        int full = Math.clamp(Math.round(share * BAR), 0, BAR);
        return "█".repeat(full) + "░".repeat(BAR - full);
    }

    private static String detail(Stage stage, RunProgress progress) {
        Optional<StageQueued> queued = progress.queued(stage);
        return queued.isPresent() ? waiting(queued.get()) : done(stage, progress);
    }

    private static String waiting(StageQueued queued) {
        if (queued.resource() != null) {
            return "waiting: " + queued.resource();
        }
        String behind = queued.behind().isEmpty()
                ? ""
                : ", behind run " + queued.behind().getFirst()
                        + (queued.behind().size() == 1
                                ? ""
                                : " and %s%d more"
                                        .formatted(
                                                queued.behind().size() < StageQueued.MOST_BEHIND ? "" : "at least ",
                                                queued.behind().size() - 1));
        return "waiting for %s: %s in the queue%s"
                .formatted(workers(queued.stage()), ordinal(queued.position()), behind);
    }

    private static String workers(Stage stage) {
        return stage == Stage.TRAIN ? "the trainer" : stage.jsonName() + "-service";
    }

    private static String ordinal(int n) {
        String suffix = n % 100 / 10 == 1 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
        return n + suffix;
    }

    private static String done(Stage stage, RunProgress progress) {
        return switch (stage) {
            case INGEST -> "%,d images%s".formatted(progress.images(), refused(progress));
            case BALANCE ->
                progress.balanced()
                        .map(b -> "%,d real + %,d synthetic".formatted(real(b), synthetic(b)))
                        .or(() -> progress.latest(stage).map(ProgressView::searching))
                        .orElse("");
            case TRAIN -> training(progress);
            case CLUSTER ->
                progress.clusters()
                        .map(c -> "%d clusters".formatted(c.k()))
                        .or(() -> progress.latest(stage).map(p -> p.task()))
                        .orElse("");
        };
    }

    private static String searching(StageProgressed search) {
        Double left = search.measures().get("secondsLeft");
        return left == null ? search.task() : "%s, about %s left".formatted(search.task(), seconds(ofSeconds(left)));
    }

    private static Duration ofSeconds(double seconds) {
        return Duration.ofMillis((long) (1_000 * seconds));
    }

    private static String training(RunProgress progress) {
        StringBuilder text = new StringBuilder();
        for (Network network : Network.values()) {
            Optional<CheckpointPublished> newest = progress.newest(network);
            if (newest.isPresent()) {
                text.append(text.isEmpty() ? "" : " · ").append(epoch(newest.get()));
            }
        }
        if (text.isEmpty()) {
            progress.latest(Stage.TRAIN)
                    .ifPresent(p -> text.append("%s %d of %d %s".formatted(p.task(), p.done(), p.total(), p.unit())));
        }
        return text.toString();
    }

    private static String refused(RunProgress progress) {
        return progress.refused().isEmpty()
                ? ""
                : ", %,d refused".formatted(progress.refused().size());
    }

    private static Optional<String> fact(CloudEvent event) {
        return switch (event.data()) {
            case RunAccepted accepted ->
                Optional.of("accepted   run %s of %s".formatted(accepted.run().id(), accepted.uri()));
            case ImageRejected image ->
                Optional.of("refused    %s/%s: %s, %s"
                        .formatted(image.label(), image.source(), image.reason(), image.detail()));
            case DatasetSealed sealed ->
                Optional.of("ingested   %,d images of %,d classes, %,d refused"
                        .formatted(sealed.images(), sealed.classes(), sealed.refused()));
            case DatasetBalanced balanced ->
                Optional.of("balanced   %,d real + %,d synthetic".formatted(real(balanced), synthetic(balanced)));
            case CheckpointPublished checkpoint -> Optional.of("trained    " + epoch(checkpoint));
            case StageQueued queued -> Optional.of("queued     " + waiting(queued));
            case ClustersComputed clusters ->
                Optional.of("clustered  %d clusters, NMI with the classes %s"
                        .formatted(clusters.k(), number(clusters.measures().get("nmi.all"))));
            default -> Optional.empty();
        };
    }

    private static String epoch(CheckpointPublished checkpoint) {
        Double accuracy = checkpoint.measures().get("accuracy");
        Double speed = checkpoint.measures().get("imagesPerSecond");
        return "%s epoch %d/%d, loss %s%s%s"
                .formatted(
                        checkpoint.network().jsonName(),
                        checkpoint.epoch(),
                        checkpoint.epochs(),
                        number(checkpoint.measures().get("loss")),
                        accuracy == null || checkpoint.network() == Network.AUTOENCODER
                                ? ""
                                : ", accuracy " + number(accuracy),
                        speed == null ? "" : ", %,.0f images/s".formatted(speed));
    }

    private static long real(DatasetBalanced balanced) {
        return balanced.rows() - balanced.synthetic();
    }

    private static long synthetic(DatasetBalanced balanced) {
        return balanced.synthetic();
    }

    static String number(Double value) {
        return value == null ? "–" : String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : "%.3f", value);
    }

    static String seconds(Duration duration) {
        long seconds = duration.toSeconds();
        return seconds < 100
                ? String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0)
                : "%d min %02d s".formatted(seconds / 60, seconds % 60);
    }
}
