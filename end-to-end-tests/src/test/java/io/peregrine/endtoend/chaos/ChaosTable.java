package io.peregrine.endtoend.chaos;

import io.peregrine.launcher.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The result table of [Chaos], with a row for each kind of fault.
final class ChaosTable {
    private static final String NONE = "–";

    private ChaosTable() {}

    /// @return Markdown
    static String of(Chaos.Outcome outcome, long seed) {
        List<String> lines = new ArrayList<>();
        lines.add("Chaos, seed %d: %d faults, %d runs; %s."
                .formatted(seed, outcome.faults().size(), outcome.runs(), outcome.counts()));
        lines.add("");
        lines.add(
                "| fault | times | seconds each | target | running a job | recovery: median | worst | wrong results |");
        lines.add("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (FaultKind kind : FaultKind.values()) {
            lines.add(row(kind, outcome));
        }
        for (String wrong : outcome.wrong()) {
            lines.add("");
            lines.add("Wrong: " + wrong);
        }
        outcome.differences().forEach((run, differences) -> {
            lines.add("");
            lines.add("Run %s:".formatted(run));
            differences.stream().limit(10).forEach(difference -> lines.add("- " + difference));
        });
        return String.join("\n", lines);
    }

    private static String row(FaultKind kind, Chaos.Outcome outcome) {
        String reason = outcome.skipped().get(kind);
        List<Chaos.Done> faults = outcome.faults().stream()
                .filter(done -> done.fault().kind() == kind)
                .toList();
        if (faults.isEmpty()) {
            return "| %s | %s | %s |"
                    .formatted(
                            kind.words,
                            reason == null ? "not drawn" : "skipped: " + reason,
                            String.join(" | ", java.util.Collections.nCopies(6, NONE)));
        }
        double[] lengths = sorted(faults.stream().map(Chaos.Done::lasted).toList());
        double[] recoveries = sorted(faults.stream().map(Chaos.Done::recovery).toList());
        long wrong = outcome.differences().keySet().stream()
                .filter(run ->
                        faults.stream().anyMatch(done -> done.runs().stream().anyMatch(run::startsWith)))
                .count();
        return String.format(
                Locale.ROOT,
                "| %s | %d | %s | %s | %s | %.1f s | %.1f s | %d |",
                kind.words,
                faults.size(),
                lengths[lengths.length - 1] == 0
                        ? "instant"
                        : "%.1f to %.1f".formatted(lengths[0], lengths[lengths.length - 1]),
                counted(faults.stream().map(done -> done.fault().target()).toList()),
                counted(faults.stream()
                        .flatMap(done -> done.atWork().stream())
                        .map(Service::word)
                        .toList()),
                median(recoveries),
                recoveries[recoveries.length - 1],
                wrong);
    }

    private static double[] sorted(List<Duration> durations) {
        double[] seconds =
                durations.stream().mapToDouble(d -> d.toMillis() / 1e3).toArray();
        Arrays.sort(seconds);
        return seconds;
    }

    private static double median(double[] sorted) {
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    private static String counted(List<String> words) {
        Map<String, Long> counts =
                words.stream().collect(Collectors.groupingBy(word -> word, TreeMap::new, Collectors.counting()));
        return counts.isEmpty()
                ? NONE
                : counts.entrySet().stream()
                        .map(count -> count.getValue() == 1 ? count.getKey() : count.getKey() + " " + count.getValue())
                        .collect(Collectors.joining(", "));
    }
}
