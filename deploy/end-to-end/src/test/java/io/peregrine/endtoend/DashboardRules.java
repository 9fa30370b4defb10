package io.peregrine.endtoend;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.peregrine.endtoend.PromQl.Selector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The rules that every dashboard of `deploy/grafana` keeps: those of Grafana's dashboard-linter, and ours, that
/// each panel asks a question, says what its answer means, and has a unit.
final class DashboardRules {
    private static final Set<String> RATES = Set.of("rate", "irate", "increase");

    private final List<String> broken = new ArrayList<>();

    private DashboardRules() {}

    /// @param name the file's name without `.json`
    /// @return each broken rule in a sentence that names panel and finding; none, if all are kept
    static List<String> broken(String name, JsonNode dashboard) {
        DashboardRules rules = new DashboardRules();
        rules.dashboard(name, dashboard);
        rules.variables(dashboard.at("/templating/list"));
        rules.panels(dashboard.at("/panels"));
        return rules.broken;
    }

    private void dashboard(String name, JsonNode dashboard) {
        must(
                dashboard.path("uid").asText().equals("peregrine-" + name),
                "uid is peregrine-%s, not '%s'",
                name,
                dashboard.path("uid").asText());
        must(!dashboard.path("title").asText().isBlank(), "the dashboard has a title");
        must(!dashboard.path("description").asText().isBlank(), "the dashboard has a description");
        must(
                dashboard.path("id").isNull() || dashboard.path("id").isMissingNode(),
                "the dashboard has no id of its own");
        must(
                dashboard.path("editable").isBoolean()
                        && !dashboard.path("editable").asBoolean(),
                "editable is false");
        must(dashboard.path("tags").toString().contains("\"peregrine\""), "the tags have peregrine");
        must(!dashboard.path("refresh").asText().isBlank(), "the dashboard refreshes by itself");
        boolean marks = false;
        for (JsonNode annotation : dashboard.at("/annotations/list")) {
            source("annotation " + annotation.path("name").asText(), annotation);
            marks |= PromQl.metrics(annotation.path("expr").asText()).contains("peregrine_run_info");
        }
        must(marks, "annotations mark the runs (peregrine_run_info)");
    }

    private void variables(JsonNode list) {
        Map<String, JsonNode> variables = new HashMap<>();
        list.forEach(variable -> variables.put(variable.path("name").asText(), variable));
        JsonNode source = variables.getOrDefault("datasource", MissingNode.getInstance());
        must(source.path("type").asText().equals("datasource"), "a variable 'datasource' of type datasource");
        must(source.path("query").asText().equals("prometheus"), "variable datasource offers prometheus");
        must(source.path("label").asText().equals("Data Source"), "variable datasource is labelled 'Data Source'");
        for (Map.Entry<String, String> wanted :
                Map.of("job", "Job", "instance", "Instance").entrySet()) {
            String name = wanted.getKey();
            JsonNode variable = variables.getOrDefault(name, MissingNode.getInstance());
            must(variable.path("type").asText().equals("query"), "a variable '%s' of type query", name);
            source("variable " + name, variable);
            must(
                    variable.path("label").asText().equals(wanted.getValue()),
                    "variable %s is labelled '%s'",
                    name,
                    wanted.getValue());
            must(variable.path("multi").asBoolean(), "variable %s takes several values", name);
            must(variable.path("includeAll").asBoolean(), "variable %s offers all", name);
            must(variable.path("allValue").asText().equals(".+"), "variable %s has .+ for all", name);
            must(variable.path("refresh").asInt() == 2, "variable %s is asked for again when the time changes", name);
        }
    }

    private void panels(JsonNode panels) {
        Set<String> titles = new HashSet<>();
        Set<Integer> ids = new HashSet<>();
        List<JsonNode> placed = new ArrayList<>();
        int shown = 0;
        for (JsonNode panel : panels) {
            must(ids.add(panel.path("id").asInt()), "panel id %s is given once", panel.path("id"));
            placed.forEach(other -> must(
                    !overlap(other.path("gridPos"), panel.path("gridPos")),
                    "'%s' does not lie over '%s'",
                    panel.path("title").asText(),
                    other.path("title").asText()));
            placed.add(panel);
            if (!panel.path("type").asText().equals("row")) {
                shown++;
                must(
                        titles.add(panel.path("title").asText()),
                        "one panel asks '%s'",
                        panel.path("title").asText());
                panel(panel);
            }
        }
        must(shown > 0, "the dashboard has panels");
    }

    private void panel(JsonNode panel) {
        String title = panel.path("title").asText();
        must(title.endsWith("?"), "the title '%s' asks a question", title);
        must(!panel.path("description").asText().isBlank(), "'%s' has a description", title);
        must(!panel.at("/fieldConfig/defaults/unit").asText().isBlank(), "'%s' has a unit", title);
        JsonNode place = panel.path("gridPos");
        must(
                place.path("w").asInt() > 0
                        && place.path("h").asInt() > 0
                        && place.path("x").asInt() + place.path("w").asInt() <= 24,
                "'%s' lies within 24 columns",
                title);
        source("'" + title + "'", panel);
        must(!panel.path("targets").isEmpty(), "'%s' has a query", title);
        Set<String> refs = new HashSet<>();
        for (JsonNode target : panel.path("targets")) {
            must(
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
        must(!selectors.isEmpty(), "'%s' asks for a metric: %s", title, query);
        for (Selector selector : selectors) {
            for (String label : List.of("job", "instance")) {
                must(
                        selector.matchers().contains(label + "=~\"$" + label + "\""),
                        "'%s' asks for %s with %s=~\"$%s\"",
                        title,
                        selector.metric(),
                        label,
                        label);
            }
            boolean rated = RATES.contains(selector.function());
            must(
                    rated || !isCounter(selector.metric()),
                    "'%s' has the counter %s in rate, irate or increase",
                    title,
                    selector.metric());
            must(
                    !rated || selector.range().equals("$__rate_interval"),
                    "'%s' rates %s over $__rate_interval, not over %s",
                    title,
                    selector.metric(),
                    selector.range());
        }
    }

    /// A recording rule has colons, and rates inside.
    private static boolean isCounter(String metric) {
        return !metric.contains(":") && (metric.endsWith("_total") || metric.endsWith("_bucket"));
    }

    private void source(String whose, JsonNode node) {
        must(
                node.at("/datasource/uid").asText().matches("\\$datasource|\\$\\{datasource}")
                        && node.at("/datasource/type").asText().equals("prometheus"),
                "%s asks $datasource",
                whose);
    }

    private static boolean overlap(JsonNode a, JsonNode b) {
        return a.path("x").asInt() < b.path("x").asInt() + b.path("w").asInt()
                && b.path("x").asInt() < a.path("x").asInt() + a.path("w").asInt()
                && a.path("y").asInt() < b.path("y").asInt() + b.path("h").asInt()
                && b.path("y").asInt() < a.path("y").asInt() + a.path("h").asInt();
    }

    private void must(boolean kept, String rule, Object... words) {
        if (!kept) {
            broken.add("not kept: " + rule.formatted(words));
        }
    }
}
