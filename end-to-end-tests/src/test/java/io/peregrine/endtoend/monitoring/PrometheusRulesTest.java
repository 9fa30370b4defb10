package io.peregrine.endtoend.monitoring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// promtool accepts configuration and rules, and every alert has a test and a section in the documentation.
class PrometheusRulesTest {
    @Test
    void promtoolAcceptsTheConfiguration() throws Exception {
        promtool(
                "check", "config", Observed.PROMETHEUS.resolve("prometheus.yml").toString());
    }

    @Test
    void promtoolAcceptsTheRules() throws Exception {
        List<String> words = new ArrayList<>(List.of("check", "rules"));
        rules().forEach(file -> words.add(file.toString()));
        promtool(words.toArray(String[]::new));
    }

    @Test
    void everyAlertFiresExactlyWhenItShould() throws Exception {
        List<String> words = new ArrayList<>(List.of("test", "rules"));
        tests().forEach(file -> words.add(file.toString()));
        promtool(words.toArray(String[]::new));
    }

    @Test
    void everyRuleIsTested() throws IOException {
        Set<String> tested = new TreeSet<>();
        for (Path file : tests()) {
            String all = Files.readString(file);
            tested.addAll(rulesNamedIn(all));
        }
        assertThat(tested).containsAll(named("alert")).containsAll(named("record"));
    }

    @Test
    void everyAlertIsDocumented() throws IOException {
        String page = Files.readString(Observed.PROMETHEUS.resolve("../../docs/operations.md"));
        assertThat(named("alert"))
                .isNotEmpty()
                .allSatisfy(alert -> assertThat(page).contains("### " + alert));
    }

    private static Set<String> rulesNamedIn(String tests) {
        Set<String> names = new TreeSet<>(named("alert"));
        names.addAll(named("record"));
        names.removeIf(name -> !tests.contains("alertname: " + name) && !tests.contains("expr: " + name));
        return names;
    }

    private static Set<String> named(String kind) {
        Set<String> names = new TreeSet<>();
        for (Path file : rules()) {
            try {
                for (JsonNode group : new YAMLMapper().readTree(file.toFile()).get("groups")) {
                    group.get("rules").forEach(rule -> {
                        if (rule.has(kind)) {
                            names.add(rule.get(kind).textValue());
                        }
                    });
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return names;
    }

    private static List<Path> rules() {
        return Observed.files(Observed.PROMETHEUS.resolve("rules"), ".yml");
    }

    private static List<Path> tests() {
        return Observed.files(Observed.PROMETHEUS.resolve("tests"), ".yml");
    }

    private static void promtool(String... words) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(Observed.program("promtool").toString()));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("SUCCESS").doesNotContain("FAILED");
    }
}
