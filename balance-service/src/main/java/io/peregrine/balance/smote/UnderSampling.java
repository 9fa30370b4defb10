package io.peregrine.balance.smote;

import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.Strategy;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/// Strategies of under-sampling: imbalanced-learn 0.14.2's `check_sampling_strategy` with its validation errors.
final class UnderSampling {
    private UnderSampling() {}

    private static ClassSize smallest(List<ClassSize> present) {
        ClassSize smallest = present.getFirst();
        for (ClassSize size : present) {
            smallest = size.real() < smallest.real() ? size : smallest;
        }
        return smallest;
    }

    /// @param present classes with training images, in label order
    /// @return the number of images by which a class grows; never above 0
    static ToLongFunction<ClassSize> change(Strategy strategy, List<ClassSize> present) {
        if (strategy instanceof Strategy.None) {
            return size -> 0;
        }
        BalancePlan.rejectSingleClass(present);
        ClassSize smallest = smallest(present);
        return switch (strategy) {
            case Strategy.None none -> size -> 0;
            case Strategy.Auto auto -> size -> smallest.real() - size.real();
            case Strategy.NotMinority others -> size -> smallest.real() - size.real();
            case Strategy.All all -> size -> smallest.real() - size.real();
            case Strategy.Minority only -> throw notFor("minority");
            case Strategy.AtLeast floor -> throw notFor("atLeast");
            case Strategy.Ratio ratio -> ratio(ratio.share(), present, smallest);
            case Strategy.Counts counts -> counts(counts.counts(), present);
        };
    }

    private static FailureException notFor(String strategy) {
        return FailureException.input(
                "STRATEGY_NOT_FOR_METHOD",
                "the strategy '%s' enlarges classes, but the method 'random-under' only reduces them; use auto, 'not minority', all, a ratio or {\"counts\": {…}}"
                        .formatted(strategy));
    }

    private static ToLongFunction<ClassSize> ratio(double share, List<ClassSize> present, ClassSize smallest) {
        BalancePlan.requireValidRatio(share, present);
        ClassSize larger = present.get(0).label() == smallest.label() ? present.get(1) : present.get(0);
        long kept = (long) (smallest.real() / share);
        if (kept > larger.real()) {
            throw FailureException.input(
                    "RATIO_TOO_SMALL",
                    "for the ratio %s class %s would need %d images, but it has %d; use a ratio of at least %.4f"
                            .formatted(
                                    share,
                                    larger.name(),
                                    kept,
                                    larger.real(),
                                    (double) smallest.real() / larger.real()));
        }
        return size -> size.label() == larger.label() ? kept - size.real() : 0;
    }

    private static ToLongFunction<ClassSize> counts(Map<String, Long> counts, List<ClassSize> present) {
        Map<String, Long> real = BalancePlan.requireValidCounts(counts, present);
        counts.forEach((name, count) -> {
            if (count > real.get(name)) {
                throw FailureException.input(
                        "MORE_THAN_PRESENT",
                        "balance.strategy.counts has %d for class %s, which has %d images; set at most %d, or omit the class"
                                .formatted(count, name, real.get(name), real.get(name)));
            }
        });
        return size -> counts.containsKey(size.name()) ? counts.get(size.name()) - size.real() : 0;
    }

    /// Whether the reference draws the images of a class. It also draws if all images are kept, which changes
    /// only their order.
    static boolean isDrawn(Strategy strategy, ClassSize size, List<ClassSize> present) {
        return switch (strategy) {
            case Strategy.All all -> true;
            case Strategy.Auto auto -> size.label() != smallest(present).label();
            case Strategy.NotMinority others ->
                size.label() != smallest(present).label();
            case Strategy.Ratio ratio -> size.label() != smallest(present).label();
            case Strategy.Counts counts -> counts.counts().containsKey(size.name());
            default -> false;
        };
    }
}
