package io.peregrine.endtoend.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.peregrine.endtoend.monitoring.PromQl.Selector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Rules for every dashboard of `deploy/grafana`: those of Grafana's dashboard-linter, and Peregrine's own. Each
/// panel's title is a question, its description explains the answer, and it has a unit.
final class DashboardRules {
    private static final Set<String> RATES = Set.of("rate", "irate", "increase");

    private final List<String> violations = new ArrayList<>();

    private DashboardRules() {}

    /// @param name name of the file without `.json`
    /// @return a message for each violated rule with panel and finding; empty if there are none
    static List<String> violations(String name, JsonNode dashboard) {
        DashboardRules rules = new DashboardRules();
        rules.dashboard(name, dashboard);
        rules.variables(dashboard.at("/templating/list"));
        rules.panels(dashboard.at("/panels"));
        return rules.violations;
    }

    private void dashboard(String name, JsonNode dashboard) {
        require(
                dashboard.path("uid").asText().equals("peregrine-" + name),
                "uid is peregrine-%s, not '%s'",
                name,
                dashboard.path("uid").asText());
        require(!dashboard.path("title").asText().isBlank(), "the dashboard has a title");
        require(!dashboard.path("description").asText().isBlank(), "the dashboard has a description");
        require(dashboard.path("id").isNull() || dashboard.path("id").isMissingNode(), "the dashboard has no id");
        require(
                dashboard.path("editable").isBoolean()
                        && !dashboard.path("editable").asBoolean(),
                "editable is false");
        require(dashboard.path("tags").toString().contains("\"peregrine\""), "the tags have peregrine");
        require(!dashboard.path("refresh").asText().isBlank(), "the dashboard refreshes automatically");
        boolean marks = false;
        for (JsonNode annotation : dashboard.at("/annotations/list")) {
            source("annotation " + annotation.path("name").asText(), annotation);
            marks |= PromQl.metrics(annotation.path("expr").asText()).contains("peregrine_run_info");
        }
        require(marks, "annotations mark the runs (peregrine_run_info)");
    }

    private void variables(JsonNode list) {
        Map<String, JsonNode> variables = new HashMap<>();
        list.forEach(variable -> variables.put(variable.path("name").asText(), variable));
        JsonNode source = variables.getOrDefault("datasource", MissingNode.getInstance());
        require(source.path("type").asText().equals("datasource"), "a variable 'datasource' of type datasource");
        require(source.path("query").asText().equals("prometheus"), "variable datasource offers prometheus");
        require(source.path("label").asText().equals("Data Source"), "variable datasource is labelled 'Data Source'");
        for (Map.Entry<String, String> wanted :
                Map.of("job", "Job", "instance", "Instance").entrySet()) {
            String name = wanted.getKey();
            JsonNode variable = variables.getOrDefault(name, MissingNode.getInstance());
            require(variable.path("type").asText().equals("query"), "a variable '%s' of type query", name);
            source("variable " + name, variable);
            require(
                    variable.path("label").asText().equals(wanted.getValue()),
                    "variable %s is labelled '%s'",
                    name,
                    wanted.getValue());
            require(variable.path("multi").asBoolean(), "variable %s takes several values", name);
            require(variable.path("includeAll").asBoolean(), "variable %s offers all", name);
            require(variable.path("allValue").asText().equals(".+"), "variable %s has .+ as value for all", name);
            require(variable.path("refresh").asInt() == 2, "variable %s is reloaded when the time changes", name);
        }
    }

    private void panels(JsonNode panels) {
        Set<String> titles = new HashSet<>();
        Set<Integer> ids = new HashSet<>();
        List<JsonNode> placed = new ArrayList<>();
        int shown = 0;
        for (JsonNode panel : panels) {
            require(ids.add(panel.path("id").asInt()), "panel id %s is unique", panel.path("id"));
            placed.forEach(other -> require(
                    !overlap(other.path("gridPos"), panel.path("gridPos")),
                    "'%s' does not overlap '%s'",
                    panel.path("title").asText(),
                    other.path("title").asText()));
            placed.add(panel);
            if (!panel.path("type").asText().equals("row")) {
                shown++;
                require(
                        titles.add(panel.path("title").asText()),
                        "only one panel has the title '%s'",
                        panel.path("title").asText());
                panel(panel);
            }
        }
        require(shown > 0, "the dashboard has panels");
    }

    private void panel(JsonNode panel) {
        String title = panel.path("title").asText();
        require(title.endsWith("?"), "the title '%s' is a question", title);
        require(!panel.path("description").asText().isBlank(), "'%s' has a description", title);
        require(!panel.at("/fieldConfig/defaults/unit").asText().isBlank(), "'%s' has a unit", title);
        JsonNode place = panel.path("gridPos");
        require(
                place.path("w").asInt() > 0
                        && place.path("h").asInt() > 0
                        && place.path("x").asInt() + place.path("w").asInt() <= 24,
                "'%s' is within 24 columns",
                title);
        source("'" + title + "'", panel);
        require(!panel.path("targets").isEmpty(), "'%s' has a query", title);
        Set<String> refs = new HashSet<>();
        for (JsonNode target : panel.path("targets")) {
            require(
                    refs.add(target.path("refId").asText()),
                    "'%s' has query %s once",
                    title,
                    target.path("refId").asText());
            source("'" + title + "'", target);
            query(title, target.path("expr").asText());
        }
    }

    private void query(String title, String query) {
        List<Selector> selectors = PromQl.selectors(query);
        require(!selectors.isEmpty(), "'%s' selects a metric: %s", title, query);
        for (Selector selector : selectors) {
            for (String label : List.of("job", "instance")) {
                require(
                        selector.matchers().contains(label + "=~\"$" + label + "\""),
                        "'%s' selects %s with %s=~\"$%s\"",
                        title,
                        selector.metric(),
                        label,
                        label);
            }
            boolean rated = RATES.contains(selector.function());
            require(
                    rated || !isCounter(selector.metric()),
                    "'%s' has the counter %s in rate, irate or increase",
                    title,
                    selector.metric());
            require(
                    !rated || selector.range().equals("$__rate_interval"),
                    "'%s' rates %s over $__rate_interval, not over %s",
                    title,
                    selector.metric(),
                    selector.range());
        }
    }

    /// A recording rule, whose name has colons, contains rates already.
    private static boolean isCounter(String metric) {
        return !metric.contains(":") && (metric.endsWith("_total") || metric.endsWith("_bucket"));
    }

    private void source(String owner, JsonNode node) {
        require(
                node.at("/datasource/uid").asText().matches("\\$datasource|\\$\\{datasource}")
                        && node.at("/datasource/type").asText().equals("prometheus"),
                "%s uses $datasource",
                owner);
    }

    private static boolean overlap(JsonNode a, JsonNode b) {
        return a.path("x").asInt() < b.path("x").asInt() + b.path("w").asInt()
                && b.path("x").asInt() < a.path("x").asInt() + a.path("w").asInt()
                && a.path("y").asInt() < b.path("y").asInt() + b.path("h").asInt()
                && b.path("y").asInt() < a.path("y").asInt() + a.path("h").asInt();
    }

    private void require(boolean isSatisfied, String rule, Object... words) {
        if (!isSatisfied) {
            violations.add("violated: " + rule.formatted(words));
        }
    }
}
