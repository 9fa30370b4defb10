package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.local.LocalPrometheus;
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

/// A real Prometheus watches real runs: every query of every panel and rule has an answer, and every metric that
/// the services expose is shown or said not to be.
class ObservationTest {
    private static final String SPEC = """
            {"image":{"side":64},"split":{"validation":0.2},"balance":{"strategy":{"atLeast":40},"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":12,"batchSize":8},
             "autoencoder":{"preset":"seed-autoencoder","epochs":8,"batchSize":8,"latent":16}}""";
    /// What a healthy run has nothing of.
    private static final String ALERTS_ANNOTATION = "Alerts";
    /// Scraped so often, a rate has what it needs within seconds.
    private static final Duration EVERY = Duration.ofSeconds(2);
    private static final Pattern FAMILY = Pattern.compile("_(bucket|count|sum|max)$");

    @TempDir
    Path folder;

    @Test
    void everyQueryIsAnsweredAndEveryMetricIsAccountedFor() throws Exception {
        Observed.program("prometheus");
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 64, 6, 50, 20, 12);
        Files.writeString(gallery.resolve("train/Style_1/torn.png"), "no image");
        Instant began = Instant.now();
        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("data"), folder);
                LocalPrometheus prometheus = LocalPrometheus.start(
                        folder.resolve("prometheus"), 0, house.addresses(), Optional.of(EVERY), System.out::println)) {
            PrometheusApi api = new PrometheusApi(prometheus.address());
            Awaitility.await("four services scraped")
                    .atMost(Duration.ofMinutes(1))
                    .ignoreExceptions()
                    .until(() -> api.ask("/api/v1/query?query=sum(up)")
                            .at("/result/0/value/1")
                            .asText()
                            .equals("4"));
            // A record that is no event; and a second run, which finds its packs again.
            house.publishBytes(Topics.DATASETS, "no event".getBytes(UTF_8));
            for (String name : List.of("first", "second")) {
                String run = house.publish(name, gallery, SPEC);
                assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
                house.get("/api/v1/runs/" + run + "/clusters");
            }
            Awaitility.await("what came out, measured and scraped")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> api.ask("/api/v1/query?query=max(peregrine_runs%7Bstate=%22completed%22%7D)")
                                    .at("/result/0/value/1")
                                    .asText()
                                    .equals("2")
                            && api.metrics("job=\"cluster-service\"").contains("peregrine_cluster_size"));
            house.get("/api/v1/runs");
            // A rate needs several looks at what was counted last.
            int looks = fewestLooks(api);
            Awaitility.await("five more looks at each service")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> fewestLooks(api) >= looks + 5);

            everyPanelHasAnAnswer(api, began);
            everyRuleHasItsMetrics(api, began);
            onlyTheQuarantineSpeaks(api);
            everyMetricIsAccountedFor(api);
            // Silence ends whenever something is heard of a run.
            assertThat(api.numbers("resets(peregrine_run_silence_seconds[10m]) > 0", began, Instant.now()))
                    .isPositive();
        }
    }

    private static int fewestLooks(PrometheusApi api) {
        return api.ask("/api/v1/query?query=min(count_over_time(up%5B1h%5D))")
                .at("/result/0/value/1")
                .asInt();
    }

    private static void everyPanelHasAnAnswer(PrometheusApi api, Instant began) {
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
                    // Understood is enough.
                    api.numbers(filled(annotation.get("expr").textValue()), began, Instant.now());
                } else {
                    queries.put(
                            name + ": annotation " + annotation.get("name"),
                            annotation.get("expr").textValue());
                }
            }
        });
        Map<String, String> unanswered = new TreeMap<>();
        queries.forEach((whose, query) -> {
            if (api.numbers(filled(query), began, Instant.now()) == 0) {
                unanswered.put(whose, query);
            }
        });
        System.out.printf("observed: %d queries of panels and annotations asked%n", queries.size());
        assertThat(queries).hasSizeGreaterThan(60);
        assertThat(unanswered).as("queries without an answer").isEmpty();
    }

    /// As Grafana fills variables in, all chosen.
    private static String filled(String query) {
        return query.replace("$job", ".+").replace("$instance", ".+").replace("$__rate_interval", "15s");
    }

    /// Alerts are silent in a healthy run; what they ask for must be there all the same.
    private static void everyRuleHasItsMetrics(PrometheusApi api, Instant began) {
        List<String> wrong = new ArrayList<>();
        int rules = 0;
        for (JsonNode group : api.ask("/api/v1/rules").get("groups")) {
            for (JsonNode rule : group.get("rules")) {
                rules++;
                String name = rule.get("name").textValue();
                if (!rule.get("health").textValue().equals("ok")) {
                    wrong.add(name + " is not well: " + rule.path("lastError").asText());
                }
                boolean recorded = rule.get("type").textValue().equals("recording");
                Set<String> asked = recorded
                        ? Set.of(name)
                        : PromQl.metrics(rule.get("query").textValue());
                for (String metric : asked) {
                    if (api.numbers(metric, began, Instant.now()) == 0) {
                        wrong.add(name + " asks for " + metric + ", of which there is nothing");
                    }
                }
            }
        }
        System.out.printf("observed: %d rules asked%n", rules);
        assertThat(wrong).isEmpty();
        assertThat(rules).isGreaterThan(15);
    }

    private static void onlyTheQuarantineSpeaks(PrometheusApi api) {
        Set<String> firing = new TreeSet<>();
        for (JsonNode alert : api.ask("/api/v1/alerts").get("alerts")) {
            if (alert.get("state").textValue().equals("firing")) {
                firing.add(alert.at("/labels/alertname").textValue());
            }
        }
        assertThat(firing).containsExactly("PeregrineQuarantineGrowing");
    }

    private static void everyMetricIsAccountedFor(PrometheusApi api) throws IOException {
        Set<String> shown = shown(api);
        Map<Pattern, String> unused = unused();
        Set<String> exposed = api.metrics("job=~\".+-service\"");
        // Prometheus's own, and what rules made.
        exposed.removeIf(metric -> metric.contains(":") || metric.startsWith("scrape_") || metric.startsWith("ALERTS"));
        Set<String> unaccounted = new TreeSet<>();
        Set<String> listedButShown = new TreeSet<>();
        Set<Pattern> met = new HashSet<>();
        for (String metric : exposed) {
            List<Pattern> listed = unused.keySet().stream()
                    .filter(pattern -> pattern.matcher(metric).matches())
                    .toList();
            met.addAll(listed);
            boolean isShown = shown.contains(family(metric));
            if (!isShown && listed.isEmpty()) {
                unaccounted.add(metric);
            }
            if (isShown
                    && listed.stream().anyMatch(pattern -> !pattern.pattern().contains(".*"))) {
                listedButShown.add(metric);
            }
        }
        System.out.printf("observed: %d metrics exposed, %d families shown%n", exposed.size(), shown.size());
        assertThat(exposed).hasSizeGreaterThan(100);
        assertThat(unaccounted)
                .as("metrics that no panel shows and deploy/grafana/unused-metrics.tsv does not list")
                .isEmpty();
        assertThat(listedButShown)
                .as("metrics listed as unused that a panel shows")
                .isEmpty();
        assertThat(unused.keySet().stream().filter(pattern -> !met.contains(pattern)))
                .as("lines of unused-metrics.tsv that no metric matches")
                .isEmpty();
        assertThat(unused.keySet().stream().map(Pattern::pattern).filter(p -> p.startsWith("peregrine_")))
                .as("our own metrics are listed one by one")
                .noneMatch(pattern -> pattern.contains(".*"));
        // What has gone since, as the trainer's gauges, is not in there any more.
        Map<String, String> helps = new TreeMap<>();
        api.ask("/api/v1/metadata").properties().forEach(entry -> {
            if (entry.getKey().startsWith("peregrine_")) {
                helps.put(entry.getKey(), entry.getValue().at("/0/help").asText());
            }
        });
        assertThat(helps)
                .as("our own metrics tell what they are")
                .hasSizeGreaterThan(25)
                .allSatisfy((metric, help) -> assertThat(help).as(metric).isNotBlank());
        String page = Files.readString(Observed.GRAFANA.resolve("../../docs/operations.md"));
        assertThat(exposed.stream().filter(metric -> metric.startsWith("peregrine_")))
                .as("our own metrics are in docs/operations.md")
                .allSatisfy(metric -> assertThat(page).contains(family(metric)));
    }

    /// @return families of what panels ask for; a recorded series shows what its rule asks for
    private static Set<String> shown(PrometheusApi api) {
        Map<String, String> recorded = new TreeMap<>();
        for (JsonNode group : api.ask("/api/v1/rules").get("groups")) {
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
