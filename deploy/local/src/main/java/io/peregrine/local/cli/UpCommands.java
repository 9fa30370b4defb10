package io.peregrine.local.cli;

import io.peregrine.local.LocalPeregrine;
import io.peregrine.local.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The commands that bring Peregrine up and down.
final class UpCommands {
    private UpCommands() {}

    /// Brings everything up in this process, to be closed by the caller; when this process ends, it ends in any
    /// case.
    static LocalPeregrine open(Place place, List<Path> roots, Consumer<String> notices) {
        if (RunningInstance.find(place.data()).isPresent()) {
            throw new Refusal("Peregrine already runs over %s; ./peregrine down ends it.".formatted(place.data()));
        }
        LocalPeregrine peregrine = LocalPeregrine.start(place.data(), roots, place.addresses(), Map.of(), notices);
        Runtime.getRuntime().addShutdownHook(new Thread(RunningInstance.of(peregrine, Optional.empty())::withdraw));
        return peregrine;
    }

    @Command(name = "up", description = "Bring broker, database and services up, and leave them up.")
    static final class Up implements Callable<Integer> {
        @Mixin
        Place place;

        @Option(
                names = "--root",
                paramLabel = "DIR",
                description = "folder below which every dataset may lie, also one that is published over Kafka or REST; may"
                        + " be given several times. The commands publish, run and compare need none: they let their own"
                        + " run read its folder")
        List<Path> roots = List.of();

        @Mixin
        Observation observation;

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
                    throw new Refusal(Files.readString(log).strip());
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
        @Mixin
        Place place;

        @Override
        public Integer call() {
            Optional<RunningInstance> running = RunningInstance.find(place.data());
            if (running.isEmpty()) {
                System.out.println("Nothing runs over " + place.data() + ".");
                return 0;
            }
            ProcessHandle launcher = ProcessHandle.of(running.get().launcher()).orElseThrow();
            launcher.destroy();
            launcher.onExit().join();
            System.out.println("Down.");
            return 0;
        }
    }
}
