package io.peregrine.launcher.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.gallery.Gallery;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.launcher.progress.BalancingEffect;
import io.peregrine.launcher.progress.ProgressView;
import io.peregrine.launcher.progress.RunResults;
import io.peregrine.launcher.progress.Summary;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands that process a folder through all stages: `demo` and `run`.
final class RunCommands {
    /// Names of files that list images with their classes, as ingest-service reads them. `metadata.parquet` is
    /// among them, because ingest-service refuses it with a command that converts it.
    private static final Pattern LABEL_FILE = Pattern.compile(
            "metadata\\.(csv|jsonl|parquet)|_classes\\.csv|train(ing)?\\.csv|(train(ing)?)?[ _-]?labels\\.csv",
            Pattern.CASE_INSENSITIVE);

    private RunCommands() {}

    /// Common part of both: start Peregrine if needed, publish, follow the run, print the summary.
    abstract static class Whole implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Mixin
        PrometheusOptions prometheusOptions;

        @Option(names = "--keep", description = "keep everything running afterwards, until Ctrl-C")
        boolean keep;

        @Option(names = "--json", description = "print only one JSON object")
        boolean json;

        /// Whether the instance keeps running afterwards.
        private boolean keepsRunning;

        ProgressView view() {
            ProgressView.Mode mode = json ? ProgressView.Mode.SILENT : ProgressView.modeOfStandardOutput();
            return new ProgressView(System.out, mode, Ansi.AUTO);
        }

        int run(ObjectNode spec, Path folder, ProgressView view) throws InterruptedException {
            return within(SpecOptions.roots(folder, spec), view, instance -> follow(instance, spec, view));
        }

        /// Uses the running instance, or starts one for this command.
        ///
        /// @param roots folders that the command needs, used if Peregrine is started for it
        /// @param work returns the exit status
        int within(List<Path> roots, ProgressView view, ToIntFunction<RunningInstance> work)
                throws InterruptedException {
            prometheusOptions.requireInstalled();
            Optional<RunningInstance> running = RunningInstance.find(instanceOptions.data());
            if (running.isPresent()) {
                prometheusOptions.requireRunning(running.get());
                view.print("Using the running instance of " + instanceOptions.data());
                keepsRunning = true;
                return work.applyAsInt(running.get());
            }
            view.print("Starting broker, database and four services (logs: %s) …"
                    .formatted(instanceOptions.data().resolve("logs")));
            keepsRunning = keep;
            try (LocalPeregrine peregrine = UpCommands.open(instanceOptions, roots, view::print)) {
                RunningInstance instance =
                        RunningInstance.of(peregrine, prometheusOptions.start(instanceOptions, peregrine, view::print));
                int status = work.applyAsInt(instance);
                if (keep) {
                    instance.announce();
                    if (instance.prometheus() != null) {
                        view.print("Prometheus: " + instance.prometheus());
                    }
                    view.print("Everything keeps running; Ctrl-C stops it.");
                    new CountDownLatch(1).await();
                }
                return status;
            }
        }

        private int follow(RunningInstance instance, ObjectNode spec, ProgressView view) {
            String run = new KafkaClient(instance.kafka()).publish(spec);
            Optional<RunResults> results = completed(instance, run, view, true);
            results.ifPresent(completed -> print(instance, completed, Optional.empty()));
            return results.isPresent() ? 0 : 1;
        }

        /// @param printsFindings whether to print the line about findings in the dataset
        /// @return the results of a run; empty if it was not completed, the reason of which was printed
        Optional<RunResults> completed(
                RunningInstance instance, String run, ProgressView view, boolean printsFindings) {
            RunResults results = new RunFollower(instance).follow(run, view);
            view.keepStages();
            if (printsFindings) {
                // Standard output contains only the object of --json.
                findings(instance, run).ifPresent((json || !results.isCompleted() ? System.err : System.out)::println);
            }
            if (!results.isCompleted()) {
                System.err.println(results.why());
                return Optional.empty();
            }
            return Optional.of(results);
        }

        void print(RunningInstance instance, RunResults results, Optional<BalancingEffect> effect) {
            Summary summary = new Summary(results);
            if (json) {
                System.out.println(
                        effect.map(other -> withEffect(summary.json(), other)).orElseGet(summary::json));
                return;
            }
            summary.lines(Path.of(instance.data()), instance.cluster(), keepsRunning)
                    .forEach(System.out::println);
            effect.ifPresent(other -> {
                System.out.println();
                other.lines().forEach(System.out::println);
            });
        }

        private static String withEffect(String summary, BalancingEffect effect) {
            try {
                ObjectNode all = (ObjectNode) EventCodec.json().readTree(summary);
                return all.set("withoutBalancing", effect.json()).toPrettyString();
            } catch (JsonProcessingException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }

    private static Optional<String> findings(RunningInstance instance, String run) {
        try {
            return QueryCommands.findings(instance, run);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Command(
            name = "demo",
            description =
                    "Paint a gallery of 27 styles, as imbalanced as WikiArt, process it through all stages, and show what balancing changed.")
    static final class Demo extends Whole {
        private static final String STRATEGY = "atLeast:40";

        @Option(names = "--side", paramLabel = "N", description = "pixels along each side (default: ${DEFAULT-VALUE})")
        int side = 64;

        @Option(
                names = "--epochs",
                paramLabel = "N",
                description = "epochs of both networks (default: ${DEFAULT-VALUE})")
        int epochs = 4;

        @Override
        public Integer call() throws InterruptedException {
            prometheusOptions.requireInstalled();
            ProgressView view = view();
            Path gallery = instanceOptions.data().resolve("gallery-" + side);
            view.print("Painting a gallery in " + gallery + " …");
            int paintings = Gallery.write(gallery, Gallery.Plan.demo(side));
            view.print("%,d paintings in 27 styles.".formatted(paintings));
            SpecOptions spec = new SpecOptions()
                    .set("--side", side)
                    .set("--epochs", epochs)
                    .set("--strategy", STRATEGY);
            spec.name = "gallery";
            ObjectNode balanced = spec.datasetReady(gallery);
            return within(SpecOptions.roots(gallery, balanced), view, instance -> compare(instance, balanced, view));
        }

        private int compare(RunningInstance instance, ObjectNode balanced, ProgressView view) {
            KafkaClient kafka = new KafkaClient(instance.kafka());
            Optional<RunResults> with = completed(instance, kafka.publish(balanced), view, true);
            if (with.isEmpty()) {
                return 1;
            }
            view.print("Training the classifier once more, without balancing and with as many steps …");
            ObjectNode unbalanced = BalancingEffect.specWithoutBalancing(
                    balanced,
                    STRATEGY,
                    Gallery.trainingImages(Gallery.Plan.demo(side)).values());
            // Both runs read the same folder, so the findings are the same.
            Optional<RunResults> without = completed(instance, kafka.publish(unbalanced), view, false);
            without.ifPresent(
                    results -> print(instance, with.get(), Optional.of(new BalancingEffect(with.get(), results))));
            return without.isPresent() ? 0 : 1;
        }
    }

    @Command(
            name = "run",
            modelTransformer = SpecOptions.FromTable.class,
            description = "Process a folder of labelled images through all stages.")
    static final class Run extends Whole {
        @Parameters(
                paramLabel = "FOLDER",
                description = "one folder for each class, or train/, valid/ and test/ with such folders")
        Path folder;

        @Mixin
        SpecOptions spec;

        @Override
        public Integer call() throws InterruptedException {
            requireClasses(folder);
            return run(spec.datasetReady(folder), folder, view());
        }
    }

    private static boolean definesClasses(Path entry) {
        return Files.isDirectory(entry)
                || LABEL_FILE.matcher(entry.getFileName().toString()).matches();
    }

    /// @throws RefusedException if the folder has neither class folders nor metadata
    static void requireClasses(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new RefusedException("The folder " + folder.toAbsolutePath().normalize() + " does not exist.");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.noneMatch(RunCommands::definesClasses)) {
                throw new RefusedException(
                        "%s has no class folders. Put the images into one folder for each class, FOLDER/<class>/…, or add a metadata.csv with their labels."
                                .formatted(folder.toAbsolutePath().normalize()));
            }
        } catch (IOException e) {
            throw new RefusedException("Cannot read %s: %s.".formatted(folder, e.getMessage()));
        }
    }
}
