package io.peregrine.launcher.cli;

import io.peregrine.launcher.ChildProcesses;
import io.peregrine.launcher.DataLock;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.platform.JvmOptions;
import io.peregrine.platform.RefusedException;
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

/// The commands that start and stop Peregrine.
final class UpCommands {
    private UpCommands() {}

    /// Starts everything as children of this process. The caller closes it; it also ends when this process ends.
    static LocalPeregrine open(InstanceOptions instanceOptions, List<Path> roots, Consumer<String> notices) {
        if (RunningInstance.find(instanceOptions.data()).isPresent()) {
            throw new RefusedException(
                    "Peregrine is already running on %s; ./peregrine down stops it.".formatted(instanceOptions.data()));
        }
        LocalPeregrine peregrine =
                LocalPeregrine.start(instanceOptions.data(), roots, instanceOptions.addresses(), Map.of(), notices);
        Runtime.getRuntime().addShutdownHook(new Thread(RunningInstance.of(peregrine, Optional.empty())::withdraw));
        return peregrine;
    }

    @Command(name = "up", description = "Start broker, database and services, and keep them running.")
    static final class Up implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Option(
                names = "--root",
                paramLabel = "DIR",
                description = "folder from which runs may read datasets, also those published over Kafka or REST; may"
                        + " be given several times. The commands publish, run and compare do not need it: they allow their"
                        + " own run to read its folder")
        List<Path> roots = List.of();

        @Mixin
        PrometheusOptions prometheusOptions;

        @Option(names = "--foreground", description = "run in the foreground until Ctrl-C")
        boolean foreground;

        @Override
        public Integer call() throws IOException, InterruptedException {
            prometheusOptions.requireInstalled();
            if (!foreground) {
                return inBackground();
            }
            LocalPeregrine peregrine = open(instanceOptions, roots, System.out::println);
            RunningInstance instance = RunningInstance.of(
                    peregrine, prometheusOptions.start(instanceOptions, peregrine, System.out::println));
            instance.announce();
            addresses(instance).forEach(System.out::println);
            new CountDownLatch(1).await();
            return 0;
        }

        private int inBackground() throws IOException, InterruptedException {
            Optional<RunningInstance> running = RunningInstance.find(instanceOptions.data());
            if (running.isPresent()) {
                prometheusOptions.requireRunning(running.get());
                System.out.println("Peregrine is already running.");
                addresses(running.get()).forEach(System.out::println);
                return 0;
            }
            Files.createDirectories(instanceOptions.data().resolve("logs"));
            Path log = instanceOptions.data().resolve("logs/launcher.log");
            List<String> command = new ArrayList<>(List.of("setsid", JvmOptions.java(), "-Xmx256m"));
            command.addAll(JvmOptions.all());
            command.addAll(List.of(
                    "-cp",
                    System.getProperty("java.class.path"),
                    Peregrine.class.getName(),
                    "up",
                    "--foreground",
                    "--data",
                    instanceOptions.data().toString(),
                    "--ports",
                    instanceOptions.ports()));
            roots.forEach(root -> command.addAll(
                    List.of("--root", root.toAbsolutePath().normalize().toString())));
            if (prometheusOptions.isWanted()) {
                command.add("--observe");
            }
            Process launcher = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            System.out.println("Starting broker, database and four services (log: %s) …".formatted(log));
            while (RunningInstance.find(instanceOptions.data()).isEmpty()) {
                if (launcher.waitFor(200, TimeUnit.MILLISECONDS)) {
                    String output = Files.readString(log).strip();
                    throw new RefusedException(
                            output.isEmpty()
                                    ? "The launcher ended with exit status %d before everything was ready. Start it again; existing data are kept."
                                            .formatted(launcher.exitValue())
                                    : output);
                }
            }
            addresses(RunningInstance.require(instanceOptions.data())).forEach(System.out::println);
            return 0;
        }

        static List<String> addresses(RunningInstance instance) {
            List<String> addresses = new ArrayList<>(List.of(
                    "Kafka            " + instance.kafka(),
                    "ingest-service   " + instance.ingest(),
                    "balance-service  " + instance.balance(),
                    "trainer-service  " + instance.trainer(),
                    "cluster-service  " + instance.cluster() + "/api/v1/runs"));
            if (instance.prometheus() != null) {
                addresses.add("Prometheus       " + instance.prometheus());
            }
            addresses.add("Data and logs    " + instance.data());
            return addresses;
        }
    }

    @Command(name = "down", description = "Stop what ./peregrine up has started; data and logs are kept.")
    static final class Down implements Callable<Integer> {
        /// Services have 15 s to release their jobs; broker and database need some more time.
        private static final Duration PATIENCE = Duration.ofSeconds(60);

        @Mixin
        InstanceOptions instanceOptions;

        @Override
        public Integer call() {
            Path data = instanceOptions.data();
            Optional<RunningInstance> found = RunningInstance.read(data);
            Optional<ProcessHandle> launcher =
                    found.filter(instance -> instance.isOf(data)).flatMap(RunningInstance::process);
            launcher.ifPresent(Down::end);
            List<String> left = endOrphans(data);
            left.forEach(System.out::println);
            if (launcher.isPresent()) {
                System.out.println("Stopped.");
                return 0;
            }
            found.ifPresent(stale -> {
                System.out.println(
                        "%s refers to process %d, which is not a launcher of this folder (any more). The process was not stopped."
                                .formatted(data.resolve("peregrine.json"), stale.launcher()));
                RunningInstance.withdraw(data);
            });
            if (left.isEmpty()) {
                System.out.println("No Peregrine is running on " + data + ".");
            }
            return 0;
        }

        private static void end(ProcessHandle launcher) {
            launcher.destroy();
            try {
                launcher.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (TimeoutException hangs) {
                System.out.println("The launcher (process %d) did not end within %d s; killing it."
                        .formatted(launcher.pid(), PATIENCE.toSeconds()));
                launcher.destroyForcibly();
                launcher.onExit().join();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /// Ends the processes left by a killed launcher, unless another launcher uses the folder now.
        private static List<String> endOrphans(Path data) {
            if (!Files.exists(data.resolve("lock"))) {
                return List.of();
            }
            try (DataLock lock = DataLock.take(data)
                    .orElseThrow(() -> new RefusedException(
                            "A Peregrine uses %s, but ./peregrine up did not start it or is still starting it. It may belong"
                                            .formatted(data)
                                    + " to a demo, run or compare. Stop it where it was started."))) {
                return new ChildProcesses(data).endOrphans();
            }
        }
    }
}
