package io.peregrine.local.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.charts.ChartFormat;
import io.peregrine.events.InvalidSpecException;
import io.peregrine.events.RunSpec;
import io.peregrine.local.RefusedException;
import io.peregrine.local.compare.Candidate;
import io.peregrine.local.compare.Comparison;
import io.peregrine.local.compare.Comparison.Outcome;
import io.peregrine.local.compare.ComparisonPage;
import io.peregrine.local.compare.ComparisonPlot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Did balancing help? Several strategies with several seeds on the same split, each a run of its own.
@Command(
        name = "compare",
        description =
                "Train with several strategies and seeds on the same split, and tell with error bars which helped."
                        + " Interrupted and begun again, it goes on.")
final class CompareCommand extends RunCommands.Whole {
    /// Budgets of a training.
    enum Budget {
        /// Every strategy takes the optimizer steps that the baseline takes: else a larger set would train for
        /// longer.
        steps,
        /// Every strategy meets its rows equally often.
        epochs
    }

    @Parameters(paramLabel = "FOLDER", description = "one folder for each class, perhaps below train/ and test/")
    private Path folder;

    @Mixin
    private SpecOptions options;

    @Option(
            names = "--strategies",
            split = ",",
            paramLabel = "S",
            description = "the baseline first, from " + Candidate.KNOWN + " (default: ${DEFAULT-VALUE})")
    private List<String> strategies = List.of("none", "atLeast:200", "auto", "weights");

    @Option(names = "--seeds", paramLabel = "N", description = "trainings of each (default: ${DEFAULT-VALUE})")
    private int seeds = 5;

    @Option(
            names = "--budget",
            paramLabel = "steps|epochs",
            description = "what all have alike: optimizer steps (default), or epochs")
    private Budget budget = Budget.steps;

    @Option(
            names = "--to",
            paramLabel = "DIR",
            description = "folder of compare.md, .png and .svg (default: compare-NAME here)")
    private Path to;

    @Override
    public Integer call() throws InterruptedException {
        RunCommands.mustHaveClasses(folder);
        if (seeds < 1 || seeds > 1_000) {
            throw new RefusedException("--seeds is from 1 to 1000, not %d.".formatted(seeds));
        }
        List<Candidate> contenders = contenders();
        // What cannot stand is said before anything is started.
        ObjectNode plain = options.datasetReady(folder);
        String contents = contents();
        ProgressView screen = screen();
        return within(
                SpecOptions.roots(folder, plain),
                screen,
                instance -> compare(instance, contenders, plain, contents, screen));
    }

    private List<Candidate> contenders() {
        try {
            List<Candidate> read = strategies.stream().map(Candidate::read).toList();
            if (read.stream().distinct().count() < read.size()) {
                throw new RefusedException("--strategies names one twice: %s.".formatted(String.join(",", strategies)));
            }
            return read;
        } catch (IllegalArgumentException unknown) {
            throw new RefusedException(unknown.getMessage() + ".");
        }
    }

    /// @return what tells this folder from itself with other images: an id of its runs
    private String contents() {
        try (Stream<Path> files = Files.walk(folder)) {
            StringBuilder all = new StringBuilder();
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                all.append(folder.relativize(file))
                        .append(' ')
                        .append(Files.size(file))
                        .append(' ')
                        .append(Files.getLastModifiedTime(file).toMillis())
                        .append('\n');
            }
            return UUID.nameUUIDFromBytes(all.toString().getBytes(StandardCharsets.UTF_8))
                    .toString();
        } catch (IOException | UncheckedIOException e) {
            throw new RefusedException("%s cannot be read: %s.".formatted(folder, e.getMessage()));
        }
    }

    private int compare(
            RunningInstance instance,
            List<Candidate> contenders,
            ObjectNode plain,
            String contents,
            ProgressView screen) {
        KafkaClient conversation = new KafkaClient(instance.kafka());
        RunFollower follower = new RunFollower(instance);
        RunSpec usual = parsed(plain);
        int epochs = usual.classifier().epochs();
        List<Outcome> outcomes = new ArrayList<>();
        List<Long> classes = null;
        List<String> names = List.of();
        long steps = 0;
        int number = 0;
        for (Candidate contender : contenders) {
            // The first run of all tells how large the classes are.
            int own = classes == null ? epochs : epochs(contender, classes, steps, epochs, usual);
            for (int i = 0; i < seeds; i++) {
                long seed = usual.classifier().seed() + i;
                ObjectNode spec = spec(plain, contender, seed, own);
                String id = UUID.nameUUIDFromBytes((contents + spec).getBytes(StandardCharsets.UTF_8))
                        .toString();
                screen.print("%d of %d: %s, seed %d, %d epochs"
                        .formatted(++number, contenders.size() * seeds, contender.name(), seed, own));
                // A run of an earlier comparison may have ended so long ago that Kafka has dropped its events.
                RunResults results = follower.ended(KafkaClient.runOf(id))
                        .orElseGet(() -> follower.follow(conversation.publish(spec, id), screen));
                if (!results.isCompleted()) {
                    System.err.println(results.why());
                    return 1;
                }
                classes = classes == null ? results.trainingImages() : classes;
                names = results.classNames();
                long rows = results.rows();
                long taken = results.lastEpoch() * batches(rows, usual);
                steps = steps == 0 ? taken : steps;
                outcomes.add(new Outcome(contender, seed, rows, results.lastEpoch(), taken, results.test()));
            }
        }
        return write(new Comparison(names, outcomes), usual);
    }

    private static RunSpec parsed(ObjectNode spec) {
        try {
            return RunSpec.parse(spec);
        } catch (InvalidSpecException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static long batches(long rows, RunSpec spec) {
        return Math.ceilDiv(rows, spec.classifier().batchSize());
    }

    private int epochs(Candidate contender, List<Long> classes, long steps, int epochs, RunSpec spec) {
        return budget == Budget.epochs
                ? epochs
                : (int) Math.max(1, Math.round((double) steps / batches(contender.rows(classes), spec)));
    }

    /// The autoencoder and the clusters are not compared: they take as little as they may.
    private static ObjectNode spec(ObjectNode plain, Candidate contender, long seed, int epochs) {
        ObjectNode spec = plain.deepCopy();
        contender.into(spec);
        spec.withObjectProperty("balance").put("seed", seed);
        spec.withObjectProperty("classifier").put("seed", seed).put("epochs", epochs);
        spec.withObjectProperty("autoencoder").put("epochs", 1).put("latent", 8);
        return spec;
    }

    private int write(Comparison comparison, RunSpec spec) {
        Path folderTo = to == null ? Path.of("compare-" + spec.dataset()) : to;
        ComparisonPage page = new ComparisonPage(comparison);
        try {
            Files.createDirectories(folderTo);
            ComparisonPlot plot = new ComparisonPlot(comparison);
            Files.write(folderTo.resolve("compare.png"), ChartFormat.PNG.of(plot));
            Files.write(folderTo.resolve("compare.svg"), ChartFormat.SVG.of(plot));
            Files.writeString(
                    folderTo.resolve("compare.md"),
                    page.markdown(
                            "%s at side %d, `%s`, equal %s"
                                    .formatted(
                                            spec.dataset(),
                                            spec.image().side(),
                                            spec.classifier().preset(),
                                            budget),
                            "compare.png"));
        } catch (IOException e) {
            throw new RefusedException("%s cannot be written: %s.".formatted(folderTo, e.getMessage()));
        }
        if (json) {
            System.out.println(page.json());
        } else {
            System.out.println(page.sentence());
            System.out.println(folderTo.resolve("compare.md").toAbsolutePath());
        }
        return 0;
    }
}
