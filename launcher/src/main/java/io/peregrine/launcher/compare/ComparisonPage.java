package io.peregrine.launcher.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import io.peregrine.launcher.compare.Comparison.Mean;
import io.peregrine.launcher.compare.Comparison.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// A comparison as a Markdown page, or as a JSON object for programs.
public final class ComparisonPage {
    private final Comparison comparison;

    public ComparisonPage(Comparison comparison) {
        this.comparison = comparison;
    }

    /// @param title title of the page, one line
    /// @param image file name of the plot
    public String markdown(String title, String image) {
        List<String> lines = new ArrayList<>();
        lines.add("# " + title);
        lines.add("");
        lines.add(sentence());
        lines.add("");
        lines.add("![balanced accuracy of each strategy](" + image + ")");
        lines.add("");
        measures(lines);
        lines.add("");
        recalls(lines);
        lines.add("");
        lines.add(caution());
        return String.join("\n", lines) + "\n";
    }

    /// @return one object: classes, tested, sentence, and for each strategy its trainings with all measures and
    ///     its difference in balanced accuracy from the baseline
    public String json() {
        List<Map<String, Object>> strategies = new ArrayList<>();
        for (String name : comparison.candidates()) {
            Map<String, Object> strategy = new LinkedHashMap<>();
            strategy.put("strategy", name);
            strategy.put(
                    "trainings",
                    comparison.of(name).stream().map(ComparisonPage::training).toList());
            if (!name.equals(comparison.candidates().getFirst())) {
                Mean more = comparison.difference(name, Tested::balancedAccuracy);
                strategy.put("more", more.value());
                // With one seed there is no interval.
                strategy.put(
                        "interval95",
                        more.count() < 2
                                ? null
                                : List.of(more.value() - more.halfWidth(), more.value() + more.halfWidth()));
            }
            strategies.add(strategy);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("classes", comparison.classes());
        all.put("tested", comparison.tested());
        all.put("sentence", sentence());
        all.put("strategies", strategies);
        try {
            return EventCodec.json().writerWithDefaultPrettyPrinter().writeValueAsString(all);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Map<String, Object> training(Outcome outcome) {
        return Map.of(
                "seed", outcome.seed(),
                "rows", outcome.rows(),
                "epochs", outcome.epochs(),
                "steps", outcome.steps(),
                "test", outcome.test());
    }

    /// @return the conclusion: which differences are significant, and which are not
    public String sentence() {
        String baseline = comparison.candidates().getFirst();
        List<String> found = new ArrayList<>();
        for (String name :
                comparison.candidates().subList(1, comparison.candidates().size())) {
            Mean more = comparison.difference(name, Tested::balancedAccuracy);
            String verdict = more.count() < 2
                    ? "one seed does not allow a conclusion"
                    : !more.isApartFromZero()
                            ? "no significant difference"
                            : more.value() > 0 ? "it helped" : "it harmed";
            found.add("`%s` changed balanced accuracy by %s: %s".formatted(name, interval(more), verdict));
        }
        return found.isEmpty()
                ? "Only `%s` was trained; there is nothing to compare it with.".formatted(baseline)
                : "Compared with `%s`: %s.".formatted(baseline, String.join("; ", found));
    }

    private void measures(List<String> lines) {
        lines.add(
                "| strategy | rows | epochs | steps | accuracy | balanced accuracy | macro F1 | balanced accuracy, difference from `%s` (95 %%) |"
                        .formatted(comparison.candidates().getFirst()));
        lines.add("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (String name : comparison.candidates()) {
            Outcome one = comparison.of(name).getFirst();
            lines.add("| `%s` | %,d | %d | %,d | %s | %s | %s | %s |"
                    .formatted(
                            name,
                            one.rows(),
                            one.epochs(),
                            one.steps(),
                            mean(name, Tested::accuracy),
                            mean(name, Tested::balancedAccuracy),
                            mean(name, Tested::macroF1),
                            name.equals(comparison.candidates().getFirst())
                                    ? ""
                                    : interval(comparison.difference(name, Tested::balancedAccuracy))));
        }
    }

    private void recalls(List<String> lines) {
        lines.add("Recall of each class, mean ± standard error over the seeds:");
        lines.add("");
        lines.add("| class | tested | `" + String.join("` | `", comparison.candidates()) + "` |");
        lines.add("| --- | --- |" + " --- |".repeat(comparison.candidates().size()));
        List<Long> tested = comparison
                .of(comparison.candidates().getFirst())
                .getFirst()
                .test()
                .images();
        for (int label = 0; label < comparison.classes().size(); label++) {
            int row = label;
            StringBuilder line = new StringBuilder(
                    "| %s | %d |".formatted(comparison.classes().get(label), tested.get(label)));
            for (String name : comparison.candidates()) {
                String recall = tested.get(row) == 0
                        ? "–"
                        : mean(name, test -> test.recall().get(row));
                line.append(" ").append(recall).append(" |");
            }
            lines.add(line.toString());
        }
    }

    private String caution() {
        int seeds = comparison.of(comparison.candidates().getFirst()).size();
        double accuracy = comparison
                .mean(comparison.candidates().getFirst(), Tested::accuracy)
                .value();
        // Agresti and Coull, 1998: adds two successes and two failures, so that the error is not 0 at an accuracy
        // of 1.
        double n = comparison.tested() + 4;
        double share = (accuracy * comparison.tested() + 2) / n;
        double error = Math.sqrt(share * (1 - share) / n);
        return String.format(
                Locale.ROOT,
                "%d seeds for initial weights, order, dropout and synthesis, all on the same split. The intervals cover the variation between "
                        + "seeds, not the choice of test images: with %,d test images one standard error of an accuracy is %.1f points.",
                seeds,
                comparison.tested(),
                100 * error);
    }

    private String mean(String name, ToDoubleFunction<Tested> measure) {
        Mean mean = comparison.mean(name, measure);
        return mean.count() < 2
                ? String.format(Locale.ROOT, "%.1f %%", 100 * mean.value())
                : String.format(Locale.ROOT, "%.1f ± %.1f %%", 100 * mean.value(), 100 * mean.error());
    }

    private static String interval(Mean mean) {
        return mean.count() < 2
                ? String.format(Locale.ROOT, "%+.1f points", 100 * mean.value())
                : String.format(
                        Locale.ROOT,
                        "%+.1f points (%+.1f to %+.1f)",
                        100 * mean.value(),
                        100 * (mean.value() - mean.halfWidth()),
                        100 * (mean.value() + mean.halfWidth()));
    }
}
