package io.peregrine.local;

import io.peregrine.events.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/// A real Kafka broker (KRaft, one node) as a child process, with Peregrine's topics.
public final class LocalBroker implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final int port;
    private final Process process;
    private final Path log;

    private LocalBroker(int port, Process process, Path log) {
        this.port = port;
        this.process = process;
        this.log = log;
    }

    /// Starts a broker and waits until its topics are there.
    ///
    /// @param folder for its data and its log; a broker that ran there before goes on from it
    /// @param port to listen on, on loopback; 0 takes a free one
    /// @throws Refusal if the port is in use or the broker was not built
    public static LocalBroker start(Path folder, int port) {
        int client = port == 0 ? Ports.free() : port;
        Ports.mustBeFree(client, "Kafka");
        Path built = ProjectRoot.path().resolve("deploy/broker/target");
        if (!Files.isDirectory(built.resolve("lib"))) {
            throw new Refusal("The broker is not built (no %s); run ./peregrine, which builds it.".formatted(built));
        }
        try {
            Files.createDirectories(folder);
            Path log = folder.resolve("broker.log");
            Path properties = Files.writeString(folder.resolve("broker.properties"), properties(folder, client));
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx512m",
                            "-XX:+UseSerialGC",
                            "--enable-native-access=ALL-UNNAMED",
                            "--sun-misc-unsafe-memory-access=allow",
                            "-cp",
                            built.resolve("classes") + ":" + built.resolve("lib") + "/*",
                            "io.peregrine.broker.Broker",
                            properties.toString(),
                            Long.toString(ProcessHandle.current().pid()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            LocalBroker broker = new LocalBroker(client, process, log);
            try {
                broker.createTopics();
                return broker;
            } catch (RuntimeException e) {
                broker.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the broker cannot be started in " + folder, e);
        }
    }

    private static String properties(Path folder, int client) {
        int controller = Ports.free();
        return """
                process.roles=broker,controller
                node.id=1
                controller.quorum.bootstrap.servers=127.0.0.1:%2$d
                listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
                controller.listener.names=CONTROLLER
                log.dirs=%3$s
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
                """.formatted(client, controller, folder.toAbsolutePath().resolve("log"));
    }

    private void createTopics() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try (Admin admin = Admin.create(Map.of(
                    "bootstrap.servers", bootstrapServers(),
                    "request.timeout.ms", "3000",
                    "default.api.timeout.ms", "6000"))) {
                Set<String> there = admin.listTopics().names().get(10, TimeUnit.SECONDS);
                List<NewTopic> missing = Topics.partitions().entrySet().stream()
                        .filter(topic -> !there.contains(topic.getKey()))
                        .map(topic -> new NewTopic(topic.getKey(), topic.getValue(), (short) 1))
                        .toList();
                admin.createTopics(missing).all().get(10, TimeUnit.SECONDS);
                return;
            } catch (ExecutionException | TimeoutException notYet) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new Refusal("The broker did not come up; see %s.".formatted(log));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the broker came up", e);
            }
        }
    }

    /// @return `127.0.0.1:<port>`
    public String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /// @return whether the process lives
    public boolean isAlive() {
        return process.isAlive();
    }

    /// Kills the process, as a power cut would.
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            kill();
        }
    }
}
