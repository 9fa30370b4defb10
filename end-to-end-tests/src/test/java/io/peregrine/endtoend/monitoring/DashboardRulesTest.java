package io.peregrine.endtoend.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every dashboard satisfies every rule, and violations are detected.
class DashboardRulesTest {
    @Test
    void thereAreFiveDashboards() {
        assertThat(Observed.dashboards()).containsOnlyKeys("balance", "clusters", "pipeline", "system", "training");
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyDashboardSatisfiesEveryRule(String name) {
        assertThat(DashboardRules.violations(name, Observed.dashboards().get(name)))
                .isEmpty();
    }

    static Stream<String> names() {
        return Observed.dashboards().keySet().stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("plants")
    void aPlantedViolationIsDetected(String expected, Consumer<ObjectNode> plant) {
        ObjectNode dashboard = Observed.dashboards().get("training").deepCopy();
        plant.accept(dashboard);
        assertThat(DashboardRules.violations("training", dashboard))
                .anyMatch(violation -> violation.contains(expected));
    }

    static Stream<Arguments> plants() {
        return Stream.of(
                plant("uid is peregrine-training", board -> board.put("uid", "a1B2c3")),
                plant("editable is false", board -> board.put("editable", true)),
                plant("the dashboard has no id", board -> board.put("id", 17)),
                plant("refreshes automatically", board -> board.remove("refresh")),
                plant("annotations mark the runs", board -> annotation(board).put("expr", "up")),
                plant(
                        "annotation Runs uses $datasource",
                        board -> annotation(board).remove("datasource")),
                plant("labelled 'Data Source'", board -> variable(board, 0).put("label", "Datasource")),
                plant(
                        "variable job has .+ as value for all",
                        board -> variable(board, 1).put("allValue", ".*")),
                plant(
                        "variable job takes several values",
                        board -> variable(board, 1).put("multi", false)),
                plant(
                        "variable instance is reloaded",
                        board -> variable(board, 2).put("refresh", 1)),
                plant("a variable 'instance'", board -> variable(board, 2).put("name", "host")),
                plant("is a question", board -> panel(board).put("title", "Loss")),
                plant(
                        "only one panel has the title",
                        board -> panel(board)
                                .put("title", board.at("/panels/1/title").asText())),
                plant("has a description", board -> panel(board).put("description", " ")),
                plant("has a unit", board -> defaults(board).remove("unit")),
                plant("has a query", board -> panel(board).putArray("targets")),
                plant("is within 24 columns", board -> place(board).put("w", 25)),
                plant("does not overlap", board -> place(board).put("h", 30)),
                plant(
                        "uses $datasource",
                        board -> target(board).putObject("datasource").put("uid", "prometheus")),
                query("selects a metric", "1 + 1"),
                query("with job=~\"$job\"", "peregrine_train_loss{instance=~\"$instance\"}"),
                query("with instance=~\"$instance\"", "peregrine_train_loss{job=~\"$job\"}"),
                query("with job=~\"$job\"", "max by (job, instance) (peregrine_train_loss)"),
                query("selects up with job", MATCHED.formatted("peregrine_train_loss") + " * on (job) up"),
                query("in rate, irate or increase", "sum(" + MATCHED.formatted("peregrine_train_samples_total") + ")"),
                query(
                        "over $__rate_interval, not over 5m",
                        "sum(rate(" + MATCHED.formatted("peregrine_train_samples_total") + "[5m]))"),
                query(
                        "in rate, irate or increase",
                        "max_over_time(" + MATCHED.formatted("peregrine_train_samples_total") + "[$__rate_interval])"));
    }

    private static final String MATCHED = "%s{job=~\"$job\", instance=~\"$instance\"}";

    private static Arguments plant(String expected, Consumer<ObjectNode> plant) {
        return arguments(expected, plant);
    }

    private static Arguments query(String expected, String query) {
        return arguments(expected, (Consumer<ObjectNode>) board -> target(board).put("expr", query));
    }

    private static ObjectNode panel(ObjectNode dashboard) {
        return (ObjectNode) dashboard.at("/panels/0");
    }

    private static ObjectNode defaults(ObjectNode dashboard) {
        return (ObjectNode) dashboard.at("/panels/0/fieldConfig/defaults");
    }

    private static ObjectNode place(ObjectNode dashboard) {
        return (ObjectNode) dashboard.at("/panels/0/gridPos");
    }

    private static ObjectNode target(ObjectNode dashboard) {
        return (ObjectNode) dashboard.at("/panels/0/targets/0");
    }

    private static ObjectNode variable(ObjectNode dashboard, int place) {
        return (ObjectNode) dashboard.at("/templating/list/" + place);
    }

    private static ObjectNode annotation(ObjectNode dashboard) {
        return (ObjectNode) dashboard.at("/annotations/list/0");
    }

    @Test
    void provisionedSourcesAndDashboardsAreReadOnly() throws IOException {
        JsonNode sources = new YAMLMapper()
                .readTree(Observed.GRAFANA
                        .resolve("provisioning/datasources/prometheus.yaml")
                        .toFile());
        assertThat(sources.at("/datasources/0/uid").asText()).isEqualTo("prometheus");
        assertThat(sources.at("/datasources/0/editable").asBoolean(true)).isFalse();
        JsonNode boards = new YAMLMapper()
                .readTree(Observed.GRAFANA
                        .resolve("provisioning/dashboards/peregrine.yaml")
                        .toFile());
        assertThat(boards.at("/providers/0/allowUiUpdates").asBoolean(true)).isFalse();
        assertThat(boards.at("/providers/0/options/foldersFromFilesStructure").asBoolean())
                .isTrue();
        // The default of the variable is the provisioned data source.
        assertThat(Observed.dashboards().values())
                .allSatisfy(board -> assertThat(
                                board.at("/templating/list/0/current/value").asText())
                        .isEqualTo("prometheus"));
    }
}
