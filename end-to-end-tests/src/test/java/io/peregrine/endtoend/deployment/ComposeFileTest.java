package io.peregrine.endtoend.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.endtoend.Yaml;
import io.peregrine.events.BrokerUser;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Checks the settings of every container of `deploy/compose`. `deploy/compose/prove.py`, which needs Docker,
/// tests that they run.
class ComposeFileTest {
    private static final Path FOLDER = ProjectRoot.path().resolve("deploy/compose");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z_]+)(?::-([^}]*))?}");

    private static SequencedMap<String, JsonNode> services;

    @BeforeAll
    static void read() throws IOException {
        JsonNode file = Yaml.documents(FOLDER.resolve("compose.yaml")).getFirst();
        services = new LinkedHashMap<>();
        file.path("services").fields().forEachRemaining(each -> services.put(each.getKey(), each.getValue()));
    }

    @Test
    void everyContainerIsRestricted() {
        assertThat(violations(services)).isEmpty();
    }

    @Test
    void aViolationIsDetected() {
        String open = """
                {open: {image: 'apache/kafka', ports: ['9092:9092'], restart: unless-stopped, cap_drop: [ALL],
                  security_opt: ['no-new-privileges:true'], mem_limit: 1g, pids_limit: 5}}""";
        Map<String, JsonNode> planted = new TreeMap<>();
        Yaml.documents(open).getFirst().fields().forEachRemaining(each -> planted.put(each.getKey(), each.getValue()));
        assertThat(violations(planted))
                .containsExactly(
                        "open: the image has no pinned tag",
                        "open: port 9092:9092 is open to other machines",
                        "open: long-running without a healthcheck");
    }

    private static List<String> violations(Map<String, JsonNode> containers) {
        List<String> violations = new ArrayList<>();
        containers.forEach((name, container) -> {
            String image = container.path("image").asText();
            if (!image.matches("peregrine/.+") && !image.matches(".+:v?[0-9]+\\.[0-9]+\\.[0-9]+.*")) {
                violations.add(name + ": the image has no pinned tag");
            }
            if (!container.path("cap_drop").toString().equals("[\"ALL\"]")) {
                violations.add(name + ": keeps capabilities");
            }
            if (!container.path("security_opt").toString().contains("no-new-privileges:true")) {
                violations.add(name + ": may gain privileges");
            }
            if (!container.has("mem_limit") || !container.has("pids_limit") || !container.has("restart")) {
                violations.add(name + ": lacks a limit of memory or processes, or a restart policy");
            }
            for (JsonNode port : container.path("ports")) {
                if (!port.asText().startsWith("127.0.0.1:")) {
                    violations.add(name + ": port " + port.asText() + " is open to other machines");
                }
            }
            boolean isOwnImage = image.startsWith("peregrine/");
            if (isOwnImage
                    && !(container.path("read_only").asBoolean()
                            && container.path("user").asText().equals("10001:10001"))) {
                violations.add(name + ": writes to its root or runs as another user than 10001");
            }
            // Peregrine's images contain the healthcheck of the services.
            boolean isLongRunning = container.path("restart").asText().equals("unless-stopped");
            if (isLongRunning && !isOwnImage && !container.has("healthcheck")) {
                violations.add(name + ": long-running without a healthcheck");
            }
        });
        return violations;
    }

    @Test
    void dependenciesWaitForHealthOrForCompletion() {
        services.forEach((name, container) -> container
                .path("depends_on")
                .fields()
                .forEachRemaining(wait -> {
                    boolean isLongRunning =
                            services.get(wait.getKey()).path("restart").asText().equals("unless-stopped");
                    assertThat(wait.getValue().path("condition").asText())
                            .as("%s waits for %s", name, wait.getKey())
                            .isEqualTo(isLongRunning ? "service_healthy" : "service_completed_successfully");
                }));
    }

    @Test
    void theExampleFileHasEveryVariableWithItsDefault() throws IOException {
        SequencedMap<String, String> used = new LinkedHashMap<>();
        for (String file : Set.of("compose.yaml", "compose.gpu.yaml")) {
            Matcher matcher = VARIABLE.matcher(Files.readString(FOLDER.resolve(file)));
            while (matcher.find()) {
                String standard = matcher.group(2) == null ? "" : matcher.group(2);
                assertThat(used.getOrDefault(matcher.group(1), standard))
                        .as("default of %s", matcher.group(1))
                        .isEqualTo(standard);
                used.put(matcher.group(1), standard);
            }
        }
        Map<String, String> example = new TreeMap<>();
        Files.readAllLines(FOLDER.resolve(".env.example")).stream()
                .filter(line -> !line.startsWith("#") && line.contains("="))
                .forEach(line ->
                        example.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        assertThat(new TreeMap<>(used)).isEqualTo(example);
    }

    /// [TransportTest] starts broker and database with these settings.
    @Test
    void connectionsBetweenContainersAreEncryptedAndAuthenticated() throws IOException {
        JsonNode kafka = services.get("kafka").path("environment");
        Map<String, String> protocols = new TreeMap<>();
        for (String listener :
                kafka.path("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP").asText().split(",")) {
            protocols.put(listener.split(":")[0], listener.split(":")[1]);
        }
        for (String listener : kafka.path("KAFKA_LISTENERS").asText().split(",")) {
            String name = listener.split("://")[0];
            boolean loopback = listener.split("://")[1].startsWith("localhost:");
            assertThat(protocols.get(name)).as(listener).isEqualTo(loopback ? "PLAINTEXT" : "SASL_SSL");
        }
        assertThat(Files.readAllLines(FOLDER.resolve("postgres/pg_hba.conf")).stream()
                        .filter(line -> !line.startsWith("#"))
                        .map(line -> line.replaceAll(" +", " ")))
                .containsExactly("local all all scram-sha-256", "hostssl all all all scram-sha-256");
        assertThat(services.get("postgres").path("command").toString())
                .contains("\"ssl=on\"", "\"hba_file=/etc/postgresql/pg_hba.conf\"");
    }

    @Test
    void everyServiceVerifiesBrokerAndDatabaseAndHasItsOwnPasswords() {
        for (BrokerUser user : BrokerUser.values()) {
            String service = user.user();
            String volume = "secret-" + service.replace("-service", "");
            assertThat(services.get("broker-setup").path("volumes").toString())
                    .contains("\"%s:/run/secrets/users/%s:ro\"".formatted(volume, service));
            if (user != BrokerUser.PUBLISHER) {
                JsonNode environment = services.get(service).path("environment");
                assertThat(environment.path("KAFKA_SECURITY_PROTOCOL").asText()).isEqualTo("SASL_SSL");
                for (String container : List.of(service, "migrate-" + service.replace("-service", ""))) {
                    assertThat(services.get(container)
                                    .at("/environment/PEREGRINE_DATABASE_URL")
                                    .asText())
                            .contains("?sslmode=verify-full&sslrootcert=/run/secrets/service/ca.crt");
                    assertThat(services.get(container).path("volumes").toString())
                            .contains("\"" + volume + ":/run/secrets/service:ro\"");
                }
            }
        }
    }

    @Test
    void theDockerfileHasNoSyntaxLine() throws IOException {
        assertThat(Files.readString(FOLDER.resolve("Dockerfile"))).doesNotContain("syntax=");
        assertThat(new TreeSet<>(services.keySet()))
                .contains(
                        "ingest-service",
                        "balance-service",
                        "trainer-service",
                        "cluster-service",
                        "prometheus",
                        "grafana");
    }
}
