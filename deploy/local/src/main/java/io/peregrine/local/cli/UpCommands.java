package io.peregrine.local.cli;

import io.peregrine.local.ChildProcesses;
import io.peregrine.local.DataLock;
import io.peregrine.local.LocalPeregrine;
import io.peregrine.local.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The commands that bring Peregrine up and down.
final class UpCommands {
    private UpCommands() {}

    /// Brings everything up in this process, to be closed by the caller; when this process ends, it ends in any
    /// case.
    static LocalPeregrine open(InstanceOptions place, List<Path> roots, Consumer<String> notices) {
        if (RunningInstance.find(place.data()).isPresent()) {
            throw new RefusedException(
                    "Peregrine already runs over %s; ./peregrine down ends it.".formatted(place.data()));
        }
        LocalPeregrine peregrine = LocalPeregrine.start(place.data(), roots, place.addresses(), Map.of(), notices);
        Runtime.getRuntime().addShutdownHook(new Thread(RunningInstance.of(peregrine, Optional.empty())::withdraw));
        return peregrine;
    }

    @Command(name = "up", description = "Bring broker, database and services up, and leave them up.")
    static final class Up implements Callable<Integer> {
        @Mixin
        InstanceOptions place;

        @Option(
                names = "--root",
                paramLabel = "DIR",
                description =
                        "folder below which every dataset may lie, also one that is published over Kafka or REST; may"
                                + " be given several times. The commands publish, run and compare need none: they let their own"
                                + " run read its folder")
        List<Path> roots = List.of();

        @Mixin
        PrometheusOptions observation;

        @Option(names = "--foreground", description = "stay in the foreground until Ctrl-C")
        boolean foreground;

        @Override
        public Integer call() throws IOException, InterruptedException {
            observation.mustBePossible();
            if (!foreground) {
                return inBackground();
            }
            LocalPeregrine peregrine = open(place, roots, System.out::println);
            RunningInstance instance =
                    RunningInstance.of(peregrine, observation.start(place, peregrine, System.out::println));
            instance.announce();
            addresses(instance).forEach(System.out::println);
            new CountDownLatch(1).await();
            return 0;
        }

        private int inBackground() throws IOException, InterruptedException {
            Optional<RunningInstance> running = RunningInstance.find(place.data());
            if (running.isPresent()) {
                observation.mustBeThere(running.get());
                System.out.println("Peregrine runs already.");
                addresses(running.get()).forEach(System.out::println);
                return 0;
            }
            Files.createDirectories(place.data().resolve("logs"));
            Path log = place.data().resolve("logs/launcher.log");
            List<String> command = new ArrayList<>(List.of(
                    "setsid",
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Xmx256m",
                    "-XX:+ExitOnOutOfMemoryError",
                    "-Dslf4j.internal.verbosity=ERROR",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Peregrine.class.getName(),
                    "up",
                    "--foreground",
                    "--data",
                    place.data().toString(),
                    "--ports",
                    place.ports()));
            roots.forEach(root -> command.addAll(
                    List.of("--root", root.toAbsolutePath().normalize().toString())));
            if (observation.isWanted()) {
                command.add("--observe");
            }
            Process launcher = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            System.out.println("Starting broker, database and four services (log: %s) …".formatted(log));
            while (RunningInstance.find(place.data()).isEmpty()) {
                if (launcher.waitFor(200, TimeUnit.MILLISECONDS)) {
                    String said = Files.readString(log).strip();
                    throw new RefusedException(
                            said.isEmpty()
                                    ? "The launcher ended with exit status %d before everything was up. Start it again; what was made so far is kept."
                                            .formatted(launcher.exitValue())
                                    : said);
                }
            }
            addresses(RunningInstance.mustFind(place.data())).forEach(System.out::println);
            return 0;
        }

        private static List<String> addresses(RunningInstance instance) {
            List<String> addresses = new ArrayList<>(List.of(
                    "Kafka            " + instance.kafka(),
                    "ingest-service   " + instance.ingest(),
                    "balance-service  " + instance.balance(),
                    "cluster-service  " + instance.cluster() + "/api/v1/runs"));
            if (instance.prometheus() != null) {
                addresses.add("Prometheus       " + instance.prometheus());
            }
            addresses.add("Data and logs    " + instance.data());
            return addresses;
        }
    }

    @Command(name = "down", description = "End what ./peregrine up has started; data and logs stay.")
    static final class Down implements Callable<Integer> {
        /// Services have 15 s to give their work back, broker and database some more.
        private static final Duration PATIENCE = Duration.ofSeconds(60);

        @Mixin
        InstanceOptions place;

        @Override
        public Integer call() {
            Path data = place.data();
            Optional<RunningInstance> found = RunningInstance.read(data);
            Optional<ProcessHandle> launcher =
                    found.filter(instance -> instance.isOf(data)).flatMap(RunningInstance::process);
            launcher.ifPresent(Down::end);
            List<String> left = endLeft(data);
            left.forEach(System.out::println);
            if (launcher.isPresent()) {
                System.out.println("Down.");
                return 0;
            }
            found.ifPresent(stale -> {
                System.out.println(
                        "%s names process %d, which is not a launcher of this folder (any more); it was left alone."
                                .formatted(data.resolve("peregrine.json"), stale.launcher()));
                RunningInstance.withdraw(data);
            });
            if (left.isEmpty()) {
                System.out.println("Nothing runs over " + data + ".");
            }
            return 0;
        }

        private static void end(ProcessHandle launcher) {
            launcher.destroy();
            try {
                launcher.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (TimeoutException hangs) {
                System.out.println("The launcher (process %d) has not ended within %d s and is killed."
                        .formatted(launcher.pid(), PATIENCE.toSeconds()));
                launcher.destroyForcibly();
                launcher.onExit().join();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /// What a launcher that was killed has left, if none works over the folder now.
        private static List<String> endLeft(Path data) {
            if (!Files.exists(data.resolve("lock"))) {
                return List.of();
            }
            try (DataLock lock = DataLock.take(data)
                    .orElseThrow(() -> new RefusedException(
                            "Peregrine works in %s, but ./peregrine up has not announced it; it may still come up, or belong"
                                            .formatted(data)
                                    + " to a demo, run or compare. End it where it was started."))) {
                return new ChildProcesses(data).endLeft();
            }
        }
    }
}
