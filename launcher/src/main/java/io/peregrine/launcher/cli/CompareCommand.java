package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.charts.ChartFormat;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.launcher.compare.Candidate;
import io.peregrine.launcher.compare.Comparison;
import io.peregrine.launcher.compare.Comparison.Outcome;
import io.peregrine.launcher.compare.ComparisonPage;
import io.peregrine.launcher.compare.ComparisonPlot;
import io.peregrine.launcher.compare.Tested;
import io.peregrine.launcher.progress.ProgressView;
import io.peregrine.launcher.progress.RunProgress;
import io.peregrine.launcher.progress.RunResults;
import io.peregrine.platform.RefusedException;
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

/// Did balancing help? `compare`: trains several strategies with several seeds on the same split, each in its own
/// run.
@Command(
        name = "compare",
        modelTransformer = SpecOptions.FromTable.class,
        description =
                "Train with several strategies and seeds on the same split, and show with error bars which ones helped."
                        + " An interrupted comparison resumes when it is started again.")
final class CompareCommand extends RunCommands.Whole {
    /// Budgets of a training.
    enum Budget {
        /// Every strategy takes as many optimizer steps as the baseline. Otherwise a larger set would train for
        /// longer.
        steps,
        /// Every strategy trains for the same number of epochs.
        epochs
    }

    @Parameters(paramLabel = "FOLDER", description = "one folder for each class, or train/ and test/ with such folders")
    private Path folder;

    @Mixin
    private SpecOptions options;

    @Option(
            names = "--strategies",
            split = ",",
            paramLabel = "S",
            description = "the baseline first, from " + Candidate.KNOWN + " (default: ${DEFAULT-VALUE})")
    private List<String> strategies = List.of("none", "atLeast:200", "auto", "weights");

    @Option(names = "--seeds", paramLabel = "N", description = "trainings of each strategy (default: ${DEFAULT-VALUE})")
    private int seeds = 5;

    @Option(
            names = "--budget",
            paramLabel = "steps|epochs",
            description = "what all strategies have in common: optimizer steps (default) or epochs")
    private Budget budget = Budget.steps;

    @Option(
            names = "--to",
            paramLabel = "DIR",
            description = "folder for compare.md, .png and .svg (default: compare-NAME in the working directory)")
    private Path to;

    @Override
    public Integer call() throws InterruptedException {
        RunCommands.requireClasses(folder);
        if (seeds < 1 || seeds > 1_000) {
            throw new RefusedException("--seeds is %d; it must be from 1 to 1000.".formatted(seeds));
        }
        List<Candidate> candidates = candidates();
        // Validates the specification before anything is started.
        ObjectNode plain = options.datasetReady(folder);
        String contents = contents();
        ProgressView view = view();
        return within(
                SpecOptions.roots(folder, plain),
                view,
                instance -> compare(instance, candidates, plain, contents, view));
    }

    private List<Candidate> candidates() {
        try {
            List<Candidate> read = strategies.stream().map(Candidate::read).toList();
            if (read.stream().distinct().count() < read.size()) {
                throw new RefusedException("--strategies contains a strategy twice: %s. Give each one once."
                        .formatted(String.join(",", strategies)));
            }
            return read;
        } catch (IllegalArgumentException unknown) {
            throw new RefusedException(unknown.getMessage() + ".");
        }
    }

    /// @return a hash of the folder's file names, sizes and times; part of the ids of its runs
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
            throw new RefusedException("Cannot read %s: %s.".formatted(folder, e.getMessage()));
        }
    }

    private int compare(
            RunningInstance instance,
            List<Candidate> candidates,
            ObjectNode plain,
            String contents,
            ProgressView view) {
        KafkaClient kafka = new KafkaClient(instance.kafka());
        RunFollower follower = new RunFollower(instance);
        RunSpec baseSpec = parsed(plain);
        int epochs = baseSpec.classifier().epochs();
        List<Outcome> outcomes = new ArrayList<>();
        List<Long> classes = null;
        List<String> names = List.of();
        long steps = 0;
        int number = 0;
        for (Candidate candidate : candidates) {
            // The first run reports the sizes of the classes.
            int own = classes == null ? epochs : epochs(candidate, classes, steps, epochs, baseSpec);
            for (int i = 0; i < seeds; i++) {
                long seed = baseSpec.classifier().seed() + i;
                ObjectNode spec = spec(plain, candidate, seed, own);
                String id = UUID.nameUUIDFromBytes((contents + spec).getBytes(StandardCharsets.UTF_8))
                        .toString();
                view.print("%d of %d: %s, seed %d, %d epochs"
                        .formatted(++number, candidates.size() * seeds, candidate.name(), seed, own));
                // A run of an earlier comparison may have ended so long ago that Kafka has deleted its events.
                RunResults results = follower.ended(KafkaClient.runOf(id))
                        .orElseGet(() -> follower.follow(
                                kafka.publish(spec, id), view, progress -> requireTestImages(instance, progress)));
                if (!results.isCompleted()) {
                    System.err.println(results.why());
                    return 1;
                }
                classes = classes == null ? results.trainingImages() : classes;
                names = results.classNames();
                long rows = results.rows();
                long taken = results.lastEpoch() * batches(rows, baseSpec);
                steps = steps == 0 ? taken : steps;
                Tested test = results.test().orElseThrow(this::noTestImages);
                outcomes.add(new Outcome(candidate, seed, rows, results.lastEpoch(), taken, test));
            }
        }
        return write(new Comparison(names, outcomes), baseSpec);
    }

    /// Cancels a run as soon as its dataset turns out to have no test images: its trainings could not be
    /// compared.
    private void requireTestImages(RunningInstance instance, RunProgress progress) {
        if (progress.sealed().filter(dataset -> dataset.testImages() == 0).isPresent()) {
            try {
                QueryCommands.cancel(instance.cluster(), progress.run());
            } catch (IOException e) {
                throw new RefusedException("%s The run %s is still running, because %s does not answer: %s."
                        .formatted(noTestImages().getMessage(), progress.run(), instance.cluster(), e.getMessage()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw noTestImages();
        }
    }

    private RefusedException noTestImages() {
        return new RefusedException(("%s has no test images, so strategies cannot be compared. Give it a test/ folder"
                        + " with one folder for each class, or set split.test above 0 with enough images in each class.")
                .formatted(folder));
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

    private int epochs(Candidate candidate, List<Long> classes, long steps, int epochs, RunSpec spec) {
        return budget == Budget.epochs
                ? epochs
                : (int) Math.max(1, Math.round((double) steps / batches(candidate.rows(classes), spec)));
    }

    /// Autoencoder and clusters are not compared, so they get the smallest settings.
    private static ObjectNode spec(ObjectNode plain, Candidate candidate, long seed, int epochs) {
        ObjectNode spec = plain.deepCopy();
        candidate.into(spec);
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
            throw new RefusedException("Cannot write %s: %s.".formatted(folderTo, e.getMessage()));
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
