package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.Topics;
import io.peregrine.local.ProjectRoot;
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

/// What every container of `deploy/compose` has. That they run is shown by `deploy/compose/prove`, which needs Docker.
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
    void everyContainerIsGuarded() {
        assertThat(violations(services)).isEmpty();
    }

    @Test
    void aViolationIsSeen() {
        String open = """
                {open: {image: 'apache/kafka', ports: ['9092:9092'], restart: unless-stopped, cap_drop: [ALL],
                  security_opt: ['no-new-privileges:true'], mem_limit: 1g, pids_limit: 5}}""";
        Map<String, JsonNode> planted = new TreeMap<>();
        Yaml.documents(open).getFirst().fields().forEachRemaining(each -> planted.put(each.getKey(), each.getValue()));
        assertThat(violations(planted))
                .containsExactly(
                        "open: its image has no pinned tag",
                        "open: port 9092:9092 is open to other machines",
                        "open: stays, and has no healthcheck");
    }

    private static List<String> violations(Map<String, JsonNode> containers) {
        List<String> violations = new ArrayList<>();
        containers.forEach((name, container) -> {
            String image = container.path("image").asText();
            if (!image.matches("peregrine/.+") && !image.matches(".+:v?[0-9]+\\.[0-9]+\\.[0-9]+.*")) {
                violations.add(name + ": its image has no pinned tag");
            }
            if (!container.path("cap_drop").toString().equals("[\"ALL\"]")) {
                violations.add(name + ": keeps capabilities");
            }
            if (!container.path("security_opt").toString().contains("no-new-privileges:true")) {
                violations.add(name + ": may gain privileges");
            }
            if (!container.has("mem_limit") || !container.has("pids_limit") || !container.has("restart")) {
                violations.add(name + ": has no limit of memory or processes, or no restart policy");
            }
            for (JsonNode port : container.path("ports")) {
                if (!port.asText().startsWith("127.0.0.1:")) {
                    violations.add(name + ": port " + port.asText() + " is open to other machines");
                }
            }
            boolean ours = image.startsWith("peregrine/");
            if (ours
                    && !(container.path("read_only").asBoolean()
                            && container.path("user").asText().equals("10001:10001"))) {
                violations.add(name + ": is ours, and writes to its root or runs as another user");
            }
            // Ours that stay have the healthcheck of their image.
            boolean stays = container.path("restart").asText().equals("unless-stopped");
            if (stays && !ours && !container.has("healthcheck")) {
                violations.add(name + ": stays, and has no healthcheck");
            }
        });
        return violations;
    }

    @Test
    void whoeverWaitsWaitsForHealthOrForTheEnd() {
        services.forEach((name, container) -> container
                .path("depends_on")
                .fields()
                .forEachRemaining(wait -> {
                    boolean stays =
                            services.get(wait.getKey()).path("restart").asText().equals("unless-stopped");
                    assertThat(wait.getValue().path("condition").asText())
                            .as("%s waits for %s", name, wait.getKey())
                            .isEqualTo(stays ? "service_healthy" : "service_completed_successfully");
                }));
    }

    @Test
    void theExampleHasEveryVariableWithItsDefault() throws IOException {
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

    @Test
    void topicsAreThoseOfTheEvents() throws IOException {
        Map<String, Integer> created = new TreeMap<>();
        Files.readAllLines(FOLDER.resolve("kafka/topics")).stream()
                .filter(line -> line.matches("peregrine\\.\\w+ \\d+"))
                .map(line -> line.split(" "))
                .forEach(topic -> created.put(topic[0], Integer.parseInt(topic[1])));
        assertThat(created).isEqualTo(new TreeMap<>(Topics.partitions()));
    }

    @Test
    void nothingIsFetchedBySyntaxLine() throws IOException {
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
