package io.peregrine.endtoend.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.endtoend.Yaml;
import io.peregrine.events.BrokerSetup;
import io.peregrine.platform.JvmOptions;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;

/// The broker of `deploy/compose` with the settings of its compose file: certificates, passwords and permissions.
/// It listens on free ports on loopback.
final class ComposeBroker implements AutoCloseable {
    private final Process process;
    private final Path adminProperties;
    private final int inside;
    private final int admin;

    private ComposeBroker(Process process, Path adminProperties, int inside, int admin) {
        this.process = process;
        this.adminProperties = adminProperties;
        this.inside = inside;
        this.admin = admin;
    }

    static ComposeBroker start(Path folder, ComposeSecrets secrets) throws Exception {
        int inside = freePort();
        int edge = freePort();
        int admin = freePort();
        int controller = freePort();
        Map<String, String> properties = properties();
        properties.replaceAll((name, value) -> value.replace("${PEREGRINE_KAFKA_PORT:-9092}", Integer.toString(edge))
                .replace("kafka:9092", "localhost:" + inside)
                .replace("://:9092", "://localhost:" + inside)
                .replace("://:19092", "://localhost:" + edge)
                .replace("localhost:9094", "localhost:" + admin)
                .replace("localhost:9093", "localhost:" + controller)
                .replace("/run/secrets", secrets.folder().toString()));
        // The broker's main class creates a dynamic quorum.
        properties.put(
                "controller.quorum.bootstrap.servers",
                properties.remove("controller.quorum.voters").replace("1@", ""));
        properties.put("log.dirs", folder.resolve("log").toString());
        Files.createDirectories(folder);
        StringBuilder lines = new StringBuilder();
        properties.forEach((name, value) -> lines.append(name + "=" + value + "\n"));
        Path file = Files.writeString(folder.resolve("broker.properties"), lines);
        Path built = ProjectRoot.path().resolve("libs/broker/target");
        Process process = new ProcessBuilder(
                        JvmOptions.java(),
                        "-Xmx512m",
                        JvmOptions.all().getFirst(),
                        "-cp",
                        built.resolve("classes") + ":" + built.resolve("lib") + "/*",
                        "io.peregrine.broker.Broker",
                        file.toString(),
                        Long.toString(ProcessHandle.current().pid()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("broker.log").toFile())
                .start();
        Path client = Files.writeString(folder.resolve("admin.properties"), "bootstrap.servers=localhost:" + admin);
        ComposeBroker broker = new ComposeBroker(process, client, inside, admin);
        broker.awaitUp();
        return broker;
    }

    /// Converts variables like the image: `KAFKA_A_B` becomes `a.b`, two underscores become one, three become a
    /// hyphen.
    private static Map<String, String> properties() throws IOException {
        JsonNode environment = Yaml.documents(ProjectRoot.path().resolve("deploy/compose/compose.yaml"))
                .getFirst()
                .at("/services/kafka/environment");
        Map<String, String> properties = new TreeMap<>();
        environment.fields().forEachRemaining(variable -> {
            if (variable.getKey().startsWith("KAFKA_") && !variable.getKey().equals("KAFKA_HEAP_OPTS")) {
                String name = variable.getKey()
                        .substring("KAFKA_".length())
                        .toLowerCase(java.util.Locale.ROOT)
                        .replace("_", ".")
                        .replace("...", "-")
                        .replace("..", "_");
                properties.put(name, variable.getValue().asText());
            }
        });
        return properties;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void awaitUp() {
        Awaitility.await().atMost(Duration.ofMinutes(2)).ignoreExceptions().until(() -> {
            assertThat(process.isAlive()).isTrue();
            try (Admin client = admin()) {
                client.describeCluster().nodes().get(5, TimeUnit.SECONDS);
                return true;
            }
        });
    }

    /// Creates topics, users and their permissions, as `broker-setup` does.
    void setUp(ComposeSecrets secrets) throws Exception {
        BrokerSetup.main(
                new String[] {adminProperties.toString(), secrets.users().toString()});
    }

    /// @return the address for other containers
    String bootstrapServers() {
        return "localhost:" + inside;
    }

    /// @return the address of the listener on the broker's loopback, which has no access control
    String adminServers() {
        return "localhost:" + admin;
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", adminServers()));
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().onExit().join();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
