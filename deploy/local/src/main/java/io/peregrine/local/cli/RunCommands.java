package io.peregrine.local.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.local.LocalPeregrine;
import io.peregrine.local.RefusedException;
import io.peregrine.local.gallery.Gallery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands that take a folder all the way: `demo` and `run`.
final class RunCommands {
    private RunCommands() {}

    /// What both have in common: bring Peregrine up if need be, publish, watch, sum up.
    abstract static class Whole implements Callable<Integer> {
        @Mixin
        InstanceOptions place;

        @Mixin
        PrometheusOptions observation;

        @Option(names = "--keep", description = "leave everything up afterwards, until Ctrl-C")
        boolean keep;

        @Option(names = "--json", description = "print one JSON object instead")
        boolean json;

        /// Whether what was worked with answers afterwards.
        private boolean staysUp;

        ProgressView screen() {
            return new ProgressView(System.out, json ? ProgressView.Mode.SILENT : ProgressView.modeOfStandardOutput());
        }

        int run(ObjectNode spec, Path folder, ProgressView screen) throws InterruptedException {
            return within(SpecOptions.roots(folder, spec), screen, instance -> follow(instance, spec, screen));
        }

        /// Works with what runs, or with what is brought up for it.
        ///
        /// @param roots below which lies what the work needs, where Peregrine is brought up for it
        /// @param work answers with the exit status
        int within(List<Path> roots, ProgressView screen, ToIntFunction<RunningInstance> work)
                throws InterruptedException {
            observation.mustBePossible();
            Optional<RunningInstance> running = RunningInstance.find(place.data());
            if (running.isPresent()) {
                observation.mustBeThere(running.get());
                screen.print("Using what runs over " + place.data());
                staysUp = true;
                return work.applyAsInt(running.get());
            }
            screen.print("Starting broker, database and four services (logs: %s) …"
                    .formatted(place.data().resolve("logs")));
            staysUp = keep;
            try (LocalPeregrine peregrine = UpCommands.open(place, roots, screen::print)) {
                RunningInstance instance =
                        RunningInstance.of(peregrine, observation.start(place, peregrine, screen::print));
                int status = work.applyAsInt(instance);
                if (keep) {
                    instance.announce();
                    if (instance.prometheus() != null) {
                        screen.print("Prometheus: " + instance.prometheus());
                    }
                    screen.print("Everything stays up; Ctrl-C ends it.");
                    new CountDownLatch(1).await();
                }
                return status;
            }
        }

        private int follow(RunningInstance instance, ObjectNode spec, ProgressView screen) {
            String run = new KafkaClient(instance.kafka()).publish(spec);
            RunResults results = new RunFollower(instance).follow(run, screen);
            if (!results.isCompleted()) {
                System.err.println(results.why());
                return 1;
            }
            Summary summary = new Summary(results);
            if (json) {
                System.out.println(summary.json());
            } else {
                summary.lines(Path.of(instance.data()), instance.cluster(), staysUp)
                        .forEach(System.out::println);
            }
            return 0;
        }
    }

    @Command(
            name = "demo",
            description = "Make a gallery of 27 painted styles as badly balanced as WikiArt, and take it all the way.")
    static final class Demo extends Whole {
        @Option(names = "--side", paramLabel = "N", description = "pixels along each side (default: ${DEFAULT-VALUE})")
        int side = 64;

        @Option(names = "--epochs", paramLabel = "N", description = "of both networks (default: ${DEFAULT-VALUE})")
        int epochs = 4;

        @Override
        public Integer call() throws InterruptedException {
            observation.mustBePossible();
            ProgressView screen = screen();
            Path gallery = place.data().resolve("gallery-" + side);
            screen.print("Painting a gallery in " + gallery + " …");
            int paintings = Gallery.write(gallery, Gallery.Plan.demo(side));
            screen.print("%,d paintings in 27 styles.".formatted(paintings));
            SpecOptions spec = new SpecOptions();
            spec.name = "gallery";
            spec.side = side;
            spec.epochs = epochs;
            spec.strategy = "atLeast:40";
            return run(spec.datasetReady(gallery), gallery, screen);
        }
    }

    @Command(name = "run", description = "Take a folder of labelled images all the way.")
    static final class Run extends Whole {
        @Parameters(paramLabel = "FOLDER", description = "one folder for each class, perhaps below train/ and test/")
        Path folder;

        @Mixin
        SpecOptions spec;

        @Override
        public Integer call() throws InterruptedException {
            mustHaveClasses(folder);
            return run(spec.datasetReady(folder), folder, screen());
        }
    }

    private static boolean tellsClasses(Path entry) {
        String name = entry.getFileName().toString();
        return Files.isDirectory(entry) || name.equals("metadata.csv") || name.equals("metadata.jsonl");
    }

    /// @throws Refusal in one sentence, if there is nothing to label images by
    static void mustHaveClasses(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new RefusedException(
                    "There is no folder " + folder.toAbsolutePath().normalize() + ".");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.noneMatch(RunCommands::tellsClasses)) {
                throw new RefusedException(
                        "%s has no class folders; images lie in one folder for each class, FOLDER/<class>/…, or a metadata.csv names them"
                                .formatted(folder.toAbsolutePath().normalize()));
            }
        } catch (IOException e) {
            throw new RefusedException("%s cannot be read: %s.".formatted(folder, e.getMessage()));
        }
    }
}
