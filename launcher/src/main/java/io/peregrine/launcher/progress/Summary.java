package io.peregrine.launcher.progress;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.launcher.compare.Tested;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Summary of a completed run: a page of text, or one JSON object for programs.
public final class Summary {
    private static final int BAR = 30;
    /// Maximum number of classes and clusters on the page; the addresses below it return all.
    private static final int SHOWN = 100;

    private final RunResults results;

    public Summary(RunResults results) {
        this.results = results;
    }

    /// @return the object of `--json`: run, images, refused, classes, accuracy, balancedAccuracy, clusters,
    ///     seconds; what was not measured is omitted
    public String json() {
        List<Map<String, Object>> classes = new ArrayList<>();
        for (JsonNode each : results.classes()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", each.path("name").asText());
            entry.put("before", each.path("before").asLong());
            entry.put("after", each.path("after").asLong());
            classes.add(entry);
        }
        List<Map<String, Object>> clusters = new ArrayList<>();
        for (JsonNode each : results.clusters()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", each.path("name").asText());
            entry.put("size", each.path("size").asLong());
            entry.put("purity", each.path("purity").numberValue());
            clusters.add(entry);
        }
        Optional<Tested> test = results.test();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("run", results.run());
        all.put("images", results.details().path("images").asLong());
        all.put("refused", results.details().path("refused").asLong());
        all.put("classes", classes);
        // Omitted without test images: what was not measured is not 0.
        all.put("accuracy", test.map(Tested::accuracy).orElse(null));
        all.put("balancedAccuracy", test.map(Tested::balancedAccuracy).orElse(null));
        all.put("clusters", clusters);
        all.put("seconds", results.seconds());
        try {
            // The mapper for events sorts keys; this object keeps its own order.
            return EventCodec.json()
                    .writer()
                    .without(com.fasterxml.jackson.databind.SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .withDefaultPrettyPrinter()
                    .writeValueAsString(all);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String measures(Tested test) {
        return String.format(
                Locale.ROOT,
                "Classifier on the test images: accuracy %.3f, balanced accuracy %.3f, macro F1 %.3f",
                test.accuracy(),
                test.balancedAccuracy(),
                test.macroF1());
    }

    /// @return an empty text for a cluster without images
    private static String purity(JsonNode cluster) {
        JsonNode purity = cluster.path("purity");
        return purity.isNumber() ? String.format(Locale.ROOT, ", purity %.2f", purity.asDouble()) : "";
    }

    private static List<JsonNode> shown(List<JsonNode> all) {
        return all.subList(0, Math.min(all.size(), SHOWN));
    }

    private static Optional<String> more(List<JsonNode> all, String what) {
        return all.size() <= SHOWN
                ? Optional.empty()
                : Optional.of("  … and %,d more %s".formatted(all.size() - SHOWN, what));
    }

    /// @param data folder of data and logs
    /// @param cluster address of the cluster service
    /// @param keepsRunning whether the addresses work after the command has ended
    public List<String> lines(Path data, String cluster, boolean keepsRunning) {
        List<String> lines = new ArrayList<>();
        long most = results.classes().stream()
                .mapToLong(each -> each.path("after").asLong())
                .max()
                .orElse(1);
        lines.add("");
        lines.add("Classes, before ▓ and after ░ balancing");
        for (JsonNode each : shown(results.classes())) {
            long after = each.path("after").asLong();
            long kept = after - each.path("synthetic").asLong();
            int real = (int) Math.max(1, Math.round((double) BAR * kept / most));
            int all = (int) Math.max(real, Math.round((double) BAR * after / most));
            lines.add("  %-28s %6d → %-6d %s%s"
                    .formatted(
                            each.path("name").asText(),
                            each.path("before").asLong(),
                            after,
                            "▓".repeat(real),
                            "░".repeat(all - real)));
        }
        more(results.classes(), "classes").ifPresent(lines::add);
        lines.add("");
        lines.add(results.test()
                .map(Summary::measures)
                .orElse("Classifier: no test images, so nothing was measured. Give a test/ folder, or split.test"
                        + " above 0 and classes of more images."));
        lines.add("");
        lines.add("Clusters of the autoencoder's latent vectors, named after the class that they match best");
        for (JsonNode each : shown(results.clusters())) {
            lines.add(String.format(
                    Locale.ROOT,
                    "  %3d  %-28s %6d images%s",
                    each.path("index").asInt(),
                    each.path("name").asText(),
                    each.path("size").asLong(),
                    purity(each)));
        }
        more(results.clusters(), "clusters").ifPresent(lines::add);
        lines.add("");
        StringBuilder took = new StringBuilder("Took");
        results.seconds()
                .forEach((stage, seconds) -> took.append(String.format(Locale.ROOT, "  %s %.1f s", stage, seconds)));
        lines.add(took.toString());
        lines.add("Data and logs: " + data);
        String run = cluster + "/api/v1/runs/" + results.run();
        lines.add(keepsRunning ? "Query the run:" : "With --keep the services keep running and you can query the run:");
        lines.add("  curl " + run);
        lines.add("  curl " + run + "/classes");
        lines.add("  curl " + run + "/clusters");
        lines.add("  curl '" + run + "/clusters/0/members?limit=5'");
        lines.add("  curl " + run + "/projection");
        return lines;
    }
}
