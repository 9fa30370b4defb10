package io.peregrine.endtoend.monitoring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.endtoend.PeregrineFixture;
import io.peregrine.endtoend.SyntheticPaintings;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.launcher.LocalPrometheus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real Prometheus scrapes real runs. Every query of every panel and rule has an answer. Every metric that the
/// services expose is on a panel or listed as unused.
class ObservationTest {
    private static final String SPEC = """
            {"image":{"side":64},"split":{"validation":0.2},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":12,"batchSize":8},
             "autoencoder":{"preset":"seed-autoencoder","epochs":8,"batchSize":8,"latent":16}}""";
    /// The annotation that is empty in a healthy run.
    private static final String ALERTS_ANNOTATION = "Alerts";
    /// A short interval, so that rates have enough samples within seconds.
    private static final Duration EVERY = Duration.ofSeconds(2);
    private static final Pattern FAMILY = Pattern.compile("_(bucket|count|sum|max)$");

    @TempDir
    Path folder;

    @Test
    void everyQueryHasAnAnswerAndEveryMetricIsShownOrListed() throws Exception {
        Observed.program("prometheus");
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 50, 20, 12);
        Files.writeString(gallery.resolve("train/Style_1/torn.png"), "no image");
        Instant began = Instant.now();
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder);
                LocalPrometheus prometheus = LocalPrometheus.start(
                        folder.resolve("prometheus"),
                        0,
                        fixture.addresses(),
                        Optional.of(EVERY),
                        System.out::println)) {
            PrometheusApi api = new PrometheusApi(prometheus.address());
            Awaitility.await("four services scraped")
                    .atMost(Duration.ofMinutes(1))
                    .ignoreExceptions()
                    .until(() -> api.get("/api/v1/query?query=sum(up)")
                            .at("/result/0/value/1")
                            .asText()
                            .equals("4"));
            // A record that is not an event, and a second run, which reuses the packs.
            fixture.publishBytes(Topics.DATASETS, "no event".getBytes(UTF_8));
            for (String name : List.of("first", "second")) {
                String run = fixture.publish(name, gallery, SPEC);
                assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
                fixture.get("/api/v1/runs/" + run + "/clusters");
            }
            Awaitility.await("the results are scraped")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> api.get("/api/v1/query?query=max(peregrine_runs%7Bstate=%22completed%22%7D)")
                                    .at("/result/0/value/1")
                                    .asText()
                                    .equals("2")
                            && api.metrics("job=\"cluster-service\"").contains("peregrine_cluster_size"));
            fixture.get("/api/v1/runs");
            // A rate needs several scrapes of the last counter values.
            int scrapes = minScrapes(api);
            Awaitility.await("five more scrapes of each service")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> minScrapes(api) >= scrapes + 5);

            assertEveryPanelHasAnAnswer(api, began);
            assertEveryRuleHasItsMetrics(api, began);
            assertOnlyTheQuarantineAlertFires(api);
            assertEveryMetricIsShownOrListed(api);
            // The silence gauge resets whenever an event of a run is received.
            assertThat(api.numbers("resets(peregrine_run_since_last_event_seconds[10m]) > 0", began, Instant.now()))
                    .isPositive();
        }
    }

    private static int minScrapes(PrometheusApi api) {
        return api.get("/api/v1/query?query=min(count_over_time(up%5B1h%5D))")
                .at("/result/0/value/1")
                .asInt();
    }

    private static void assertEveryPanelHasAnAnswer(PrometheusApi api, Instant began) {
        Map<String, String> queries = new LinkedHashMap<>();
        Observed.dashboards().forEach((name, dashboard) -> {
            for (JsonNode panel : dashboard.get("panels")) {
                for (JsonNode target : panel.path("targets")) {
                    queries.put(
                            "%s: %s %s"
                                    .formatted(
                                            name,
                                            panel.get("title").textValue(),
                                            target.get("refId").textValue()),
                            target.get("expr").textValue());
                }
            }
            for (JsonNode annotation : dashboard.at("/annotations/list")) {
                if (annotation.get("name").textValue().equals(ALERTS_ANNOTATION)) {
                    // It suffices that the query is valid.
                    api.numbers(filled(annotation.get("expr").textValue()), began, Instant.now());
                } else {
                    queries.put(
                            name + ": annotation " + annotation.get("name"),
                            annotation.get("expr").textValue());
                }
            }
        });
        Map<String, String> unanswered = new TreeMap<>();
        queries.forEach((owner, query) -> {
            if (api.numbers(filled(query), began, Instant.now()) == 0) {
                unanswered.put(owner, query);
            }
        });
        System.out.printf("observed: %d queries of panels and annotations sent%n", queries.size());
        assertThat(queries).hasSizeGreaterThan(60);
        assertThat(unanswered).as("queries without an answer").isEmpty();
    }

    /// Replaces variables as Grafana does when all values are selected.
    private static String filled(String query) {
        return query.replace("$job", ".+").replace("$instance", ".+").replace("$__rate_interval", "15s");
    }

    /// Alerts do not fire in a healthy run, but the metrics that they use must exist.
    private static void assertEveryRuleHasItsMetrics(PrometheusApi api, Instant began) {
        List<String> wrong = new ArrayList<>();
        int rules = 0;
        for (JsonNode group : api.get("/api/v1/rules").get("groups")) {
            for (JsonNode rule : group.get("rules")) {
                rules++;
                String name = rule.get("name").textValue();
                if (!rule.get("health").textValue().equals("ok")) {
                    wrong.add(
                            name + " is not healthy: " + rule.path("lastError").asText());
                }
                boolean recorded = rule.get("type").textValue().equals("recording");
                Set<String> asked = recorded
                        ? Set.of(name)
                        : PromQl.metrics(rule.get("query").textValue());
                for (String metric : asked) {
                    if (api.numbers(metric, began, Instant.now()) == 0) {
                        wrong.add(name + " uses " + metric + ", which has no samples");
                    }
                }
            }
        }
        System.out.printf("observed: %d rules checked%n", rules);
        assertThat(wrong).isEmpty();
        assertThat(rules).isGreaterThan(15);
    }

    private static void assertOnlyTheQuarantineAlertFires(PrometheusApi api) {
        Set<String> firing = new TreeSet<>();
        for (JsonNode alert : api.get("/api/v1/alerts").get("alerts")) {
            if (alert.get("state").textValue().equals("firing")) {
                firing.add(alert.at("/labels/alertname").textValue());
            }
        }
        assertThat(firing).containsExactly("PeregrineQuarantineGrowing");
    }

    private static void assertEveryMetricIsShownOrListed(PrometheusApi api) throws IOException {
        Set<String> shown = shown(api);
        Map<Pattern, String> unused = unused();
        Set<String> exposed = api.metrics("job=~\".+-service\"");
        // Excludes Prometheus's own metrics and those of recording rules.
        exposed.removeIf(metric -> metric.contains(":") || metric.startsWith("scrape_") || metric.startsWith("ALERTS"));
        Set<String> unlisted = new TreeSet<>();
        Set<String> listedButShown = new TreeSet<>();
        Set<Pattern> matched = new HashSet<>();
        for (String metric : exposed) {
            List<Pattern> listed = unused.keySet().stream()
                    .filter(pattern -> pattern.matcher(metric).matches())
                    .toList();
            matched.addAll(listed);
            boolean isShown = shown.contains(family(metric));
            if (!isShown && listed.isEmpty()) {
                unlisted.add(metric);
            }
            if (isShown
                    && listed.stream().anyMatch(pattern -> !pattern.pattern().contains(".*"))) {
                listedButShown.add(metric);
            }
        }
        System.out.printf("observed: %d metrics exposed, %d families shown%n", exposed.size(), shown.size());
        assertThat(exposed).hasSizeGreaterThan(100);
        assertThat(unlisted)
                .as("metrics that no panel shows and deploy/grafana/unused-metrics.tsv does not list")
                .isEmpty();
        assertThat(listedButShown)
                .as("metrics listed as unused that a panel shows")
                .isEmpty();
        assertThat(unused.keySet().stream().filter(pattern -> !matched.contains(pattern)))
                .as("lines of unused-metrics.tsv that no metric matches")
                .isEmpty();
        assertThat(unused.keySet().stream().map(Pattern::pattern).filter(p -> p.startsWith("peregrine_")))
                .as("Peregrine's metrics are listed one by one")
                .noneMatch(pattern -> pattern.contains(".*"));
        // Metrics that have disappeared meanwhile, such as the trainer's gauges, are not in the metadata any
        // more.
        Map<String, String> helps = new TreeMap<>();
        api.get("/api/v1/metadata").properties().forEach(entry -> {
            if (entry.getKey().startsWith("peregrine_")) {
                helps.put(entry.getKey(), entry.getValue().at("/0/help").asText());
            }
        });
        assertThat(helps)
                .as("Peregrine's metrics have a help text")
                .hasSizeGreaterThan(25)
                .allSatisfy((metric, help) -> assertThat(help).as(metric).isNotBlank());
        String page = Files.readString(Observed.GRAFANA.resolve("../../docs/operations.md"));
        assertThat(exposed.stream().filter(metric -> metric.startsWith("peregrine_")))
                .as("Peregrine's metrics are in docs/operations.md")
                .allSatisfy(metric -> assertThat(page).contains(family(metric)));
    }

    /// @return metric families that panels use; for a recorded series, those that its rule uses
    private static Set<String> shown(PrometheusApi api) {
        Map<String, String> recorded = new TreeMap<>();
        for (JsonNode group : api.get("/api/v1/rules").get("groups")) {
            group.get("rules")
                    .forEach(rule -> recorded.put(
                            rule.get("name").textValue(), rule.get("query").textValue()));
        }
        Set<String> shown = new TreeSet<>();
        for (JsonNode dashboard : Observed.dashboards().values()) {
            for (JsonNode panel : dashboard.get("panels")) {
                for (JsonNode target : panel.path("targets")) {
                    for (String metric : PromQl.metrics(target.get("expr").textValue())) {
                        if (recorded.containsKey(metric)) {
                            PromQl.metrics(recorded.get(metric)).forEach(of -> shown.add(family(of)));
                        } else {
                            shown.add(family(metric));
                        }
                    }
                }
            }
        }
        return shown;
    }

    private static String family(String metric) {
        return FAMILY.matcher(metric).replaceFirst("");
    }

    /// @return patterns of metrics that no panel shows, with the reason
    private static Map<Pattern, String> unused() throws IOException {
        Map<Pattern, String> unused = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Observed.GRAFANA.resolve("unused-metrics.tsv"))) {
            String[] fields = line.split("\t");
            assertThat(fields)
                    .as("a metric's pattern, a tab, the reason: %s", line)
                    .hasSize(2);
            unused.put(Pattern.compile(fields[0]), fields[1]);
        }
        return unused;
    }
}
