package io.peregrine.platform;

import io.peregrine.events.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;

/// A real Kafka broker (KRaft, one node) as a child process, with Peregrine's topics.
public final class LocalBroker implements AutoCloseable, Supervised {
    static final String NAME = "Kafka";

    private static final String PROPERTIES = "broker.properties";

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final Path folder;
    private final int port;
    private final Path log;
    private Process process;
    private boolean wanted;

    private LocalBroker(Path folder, int port) {
        this.folder = folder.toAbsolutePath();
        this.port = port;
        this.log = folder.resolve("broker.log");
    }

    /// Starts a broker and waits until its topics exist.
    ///
    /// @param folder for its data and its log; data of an earlier broker are used
    /// @param port to listen on, on loopback; 0 selects a free port
    /// @throws RefusedException if the port is in use or the broker is not built
    public static LocalBroker start(Path folder, int port) {
        LocalBroker broker = new LocalBroker(folder, port == 0 ? Ports.free() : port);
        try {
            broker.start();
            return broker;
        } catch (RuntimeException e) {
            broker.close();
            throw e;
        }
    }

    /// Restarts the broker on the same folder and port after [#stop], and waits until its topics exist.
    public void start() {
        launch();
        createTopics();
    }

    private synchronized void launch() {
        Ports.requireFree(port, NAME);
        Path built = ProjectRoot.path().resolve("libs/broker/target");
        if (!Files.isDirectory(built.resolve("lib"))) {
            throw new RefusedException(
                    "The broker is not built: %s does not exist. Run ./peregrine, which builds it.".formatted(built));
        }
        try {
            Files.createDirectories(folder);
            // Kafka reads the file as ISO 8859-1 and log.dirs as a list with commas, so the path is relative to the
            // working directory.
            Files.writeString(folder.resolve(PROPERTIES), properties(port));
            List<String> command = new ArrayList<>(List.of(JvmOptions.java(), "-Xmx512m"));
            command.addAll(JvmOptions.all());
            command.addAll(List.of(
                    "-cp",
                    built.resolve("classes") + ":" + built.resolve("lib") + "/*",
                    "io.peregrine.broker.Broker",
                    PROPERTIES,
                    Long.toString(ProcessHandle.current().pid())));
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            // Java represents file names in the locale's encoding.
            builder.environment().put("LC_ALL", "C.UTF-8");
            process = builder.start();
            wanted = true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start the broker in " + folder, e);
        }
    }

    private static String properties(int client) {
        int controller = Ports.free();
        return """
                process.roles=broker,controller
                node.id=1
                controller.quorum.bootstrap.servers=127.0.0.1:%2$d
                listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
                controller.listener.names=CONTROLLER
                log.dirs=log
                auto.create.topics.enable=false
                num.partitions=1
                offsets.topic.num.partitions=4
                offsets.topic.replication.factor=1
                transaction.state.log.replication.factor=1
                transaction.state.log.min.isr=1
                transaction.max.timeout.ms=60000
                share.coordinator.state.topic.replication.factor=1
                share.coordinator.state.topic.min.isr=1
                group.initial.rebalance.delay.ms=0
                log.retention.hours=168
                """.formatted(client, controller);
    }

    private void createTopics() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try (Admin admin = admin()) {
                Set<String> existing = admin.listTopics().names().get(10, TimeUnit.SECONDS);
                List<NewTopic> missing = Topics.partitions().entrySet().stream()
                        .filter(topic -> !existing.contains(topic.getKey()))
                        .map(topic -> new NewTopic(topic.getKey(), topic.getValue(), (short) 1))
                        .toList();
                admin.createTopics(missing).all().get(10, TimeUnit.SECONDS);
                return;
            } catch (ExecutionException | TimeoutException notYet) {
                if (!isAlive() || System.nanoTime() > deadline) {
                    throw new RefusedException("The broker did not start. See its log %s.".formatted(log));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for the broker", e);
            }
        }
    }

    private Admin admin() {
        return Admin.create(Map.of(
                "bootstrap.servers",
                bootstrapServers(),
                "request.timeout.ms",
                "3000",
                "default.api.timeout.ms",
                "5000"));
    }

    /// @return `127.0.0.1:<port>`
    public String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    @Override
    public int port() {
        return port;
    }

    /// @return whether the process is running
    public boolean isAlive() {
        return process().isPresent();
    }

    /// Kills the process (SIGKILL), which simulates a power failure.
    public void kill() {
        process().ifPresent(broker -> {
            broker.destroyForcibly();
            broker.onExit().join();
        });
    }

    /// Kills the process; it is not restarted until [#start].
    public void stop() {
        synchronized (this) {
            wanted = false;
        }
        kill();
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Path log() {
        return log;
    }

    @Override
    public synchronized boolean isWanted() {
        return wanted;
    }

    @Override
    public synchronized Optional<ProcessHandle> process() {
        return Optional.ofNullable(process).map(Process::toHandle).filter(ProcessHandle::isAlive);
    }

    @Override
    public synchronized Optional<String> ended() {
        return process.isAlive() ? Optional.empty() : Optional.of("ended with exit status " + process.exitValue());
    }

    @Override
    public boolean answers() {
        try (Admin admin = admin()) {
            admin.describeCluster().nodes().get(6, TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException | TimeoutException | KafkaException noAnswer) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// The topics exist since the first start.
    @Override
    public void restart() {
        kill();
        launch();
    }

    @Override
    public void close() {
        Process last;
        synchronized (this) {
            wanted = false;
            last = process;
        }
        if (last == null) {
            return;
        }
        last.destroy();
        try {
            if (!last.waitFor(10, TimeUnit.SECONDS)) {
                kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            kill();
        }
    }
}
