package io.peregrine.local.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.ClassBalance;
import io.peregrine.events.PipelineEvent.ClusterSummary;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.Stage;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What came out of a completed run: one page for a person, or one JSON object for a program.
final class Summary {
    private static final int BAR = 30;

    private final RunProgress progress;

    Summary(RunProgress progress) {
        this.progress = progress;
    }

    /// @return training pictures that the class had: an event's real ones are those that were left in
    private static long before(ClassBalance balance) {
        return balance.real() + (balance.dropped() == null ? 0 : balance.dropped());
    }

    /// @return the object of `--json`: run, pictures, refused, classes, accuracy, balancedAccuracy, clusters,
    ///     seconds
    String json() {
        List<Map<String, Object>> classes = new ArrayList<>();
        for (ClassBalance balance : progress.balanced().orElseThrow().classes()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", balance.label());
            entry.put("before", before(balance));
            entry.put("after", balance.real() + balance.synthetic());
            classes.add(entry);
        }
        List<Map<String, Object>> clusters = new ArrayList<>();
        for (ClusterSummary cluster : progress.clusters().orElseThrow().summary()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", cluster.name());
            entry.put("size", cluster.size());
            entry.put("purity", cluster.purity());
            clusters.add(entry);
        }
        TestMeasures test = test();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("run", progress.run());
        all.put("pictures", progress.pictures());
        all.put("refused", progress.sealed().orElseThrow().refused());
        all.put("classes", classes);
        all.put("accuracy", test.accuracy());
        all.put("balancedAccuracy", test.balancedAccuracy());
        all.put("clusters", clusters);
        all.put("seconds", seconds());
        try {
            // The events' mapper sorts keys; this object has an order of its own.
            return EventCodec.json()
                    .writer()
                    .without(com.fasterxml.jackson.databind.SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .withDefaultPrettyPrinter()
                    .writeValueAsString(all);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private TestMeasures test() {
        return progress.last(Network.CLASSIFIER).orElseThrow().test();
    }

    private Map<String, Double> seconds() {
        Map<String, Double> seconds = new LinkedHashMap<>();
        for (Stage stage : Stage.values()) {
            progress.took(stage, Instant.now()).ifPresent(took -> seconds.put(stage.wire(), took.toMillis() / 1000.0));
        }
        return seconds;
    }

    /// @param data folder of data and logs
    /// @param cluster address of the cluster service
    /// @param staysUp whether the addresses answer after this
    List<String> lines(Path data, String cluster, boolean staysUp) {
        List<String> lines = new ArrayList<>();
        List<ClassBalance> classes = progress.balanced().orElseThrow().classes();
        long most =
                classes.stream().mapToLong(c -> c.real() + c.synthetic()).max().orElse(1);
        lines.add("");
        lines.add("Classes, before ▓ and after ░ balancing");
        for (ClassBalance c : classes) {
            int real = (int) Math.max(1, Math.round((double) BAR * c.real() / most));
            int all = (int) Math.max(real, Math.round((double) BAR * (c.real() + c.synthetic()) / most));
            lines.add("  %-28s %6d → %-6d %s%s"
                    .formatted(
                            c.label(), before(c), c.real() + c.synthetic(), "▓".repeat(real), "░".repeat(all - real)));
        }
        TestMeasures test = test();
        lines.add("");
        lines.add(String.format(
                Locale.ROOT,
                "Classifier on the test pictures: accuracy %.3f, balanced accuracy %.3f, macro F1 %.3f",
                test.accuracy(),
                test.balancedAccuracy(),
                test.macroF1()));
        lines.add("");
        lines.add("Clusters of the autoencoder's codes, named by the class that they match best");
        for (ClusterSummary c : progress.clusters().orElseThrow().summary()) {
            lines.add(String.format(
                    Locale.ROOT, "  %3d  %-28s %6d pictures, purity %.2f", c.index(), c.name(), c.size(), c.purity()));
        }
        lines.add("");
        StringBuilder took = new StringBuilder("Took");
        seconds().forEach((stage, seconds) -> took.append(String.format(Locale.ROOT, "  %s %.1f s", stage, seconds)));
        lines.add(took.toString());
        lines.add("Data and logs: " + data);
        String run = cluster + "/api/v1/runs/" + progress.run();
        lines.add(staysUp ? "Ask it:" : "With --keep it stays up and answers:");
        lines.add("  curl " + run);
        lines.add("  curl " + run + "/clusters");
        lines.add("  curl '" + run + "/clusters/0/members?limit=5'");
        lines.add("  curl " + run + "/projection");
        return lines;
    }
}
