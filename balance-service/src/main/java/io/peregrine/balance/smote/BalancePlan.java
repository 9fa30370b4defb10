package io.peregrine.balance.smote;

import io.peregrine.events.FailureException;
import io.peregrine.events.RunSpec.Method;
import io.peregrine.events.RunSpec.NeighbourChoice;
import io.peregrine.events.RunSpec.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// How large each class shall be: imbalanced-learn 0.14.2's `check_sampling_strategy`, with its refusals
/// ([UnderSampling] has those of under-sampling). Classes are taken in label order, which is the order of its
/// sorted keys; a class without a training image is not present in the data, as there.
///
/// @param sizes of every class, in label order
public record BalancePlan(List<ClassSize> sizes) {
    /// Rows of the largest balanced set: 300 MB while it is shuffled.
    public static final long MOST_ROWS = 1L << 23;

    private static final int NAMED = 10;

    public BalancePlan {
        sizes = List.copyOf(sizes);
    }

    /// Plans the sizes for SMOTE.
    ///
    /// @param neighbours SMOTE's k, at least 1
    /// @throws Failure as [#of(Method, Strategy, NeighbourChoice, List, long\[\])]
    public static BalancePlan of(Strategy strategy, int neighbours, List<String> classes, long[] real) {
        return of(Method.SMOTE, strategy, NeighbourChoice.fixed(neighbours), classes, real);
    }

    /// Plans the sizes.
    ///
    /// @param classes names in label order
    /// @param real training images by label
    /// @throws Failure INPUT, where imbalanced-learn refuses: `ONE_CLASS`, `CLASS_UNKNOWN`, `COUNT_NEGATIVE`,
    ///     `FEWER_THAN_PRESENT`, `MORE_THAN_PRESENT`, `RATIO_NEEDS_TWO_CLASSES`, `RATIO_TOO_SMALL`,
    ///     `RATIO_OUT_OF_RANGE`, `NEIGHBOURS_OUT_OF_RANGE`, `CLASS_TOO_SMALL`; and `NO_TRAINING_IMAGES`,
    ///     `SET_TOO_LARGE`
    public static BalancePlan of(
            Method method, Strategy strategy, NeighbourChoice neighbours, List<String> classes, long[] real) {
        List<ClassSize> present = new ArrayList<>();
        for (int label = 0; label < real.length; label++) {
            if (real[label] > 0) {
                present.add(new ClassSize(label, classes.get(label), real[label], 0));
            }
        }
        if (present.isEmpty()) {
            throw FailureException.input(
                    "NO_TRAINING_IMAGES",
                    "none of the %d classes has an image to train with; put images into the train split"
                            .formatted(classes.size()));
        }
        ToLongFunction<ClassSize> change = switch (method) {
            case SMOTE, RANDOM_OVER -> synthetic(strategy, neighbours.most(), present);
            case RANDOM_UNDER -> UnderSampling.change(strategy, present);
            case CLASS_WEIGHTS -> size -> 0;
        };
        List<ClassSize> sizes = new ArrayList<>();
        for (int label = 0; label < real.length; label++) {
            ClassSize size = new ClassSize(label, classes.get(label), real[label], 0);
            long more = real[label] > 0 ? change.applyAsLong(size) : 0;
            sizes.add(new ClassSize(label, size.name(), size.real(), Math.max(0, more), Math.max(0, -more)));
        }
        BalancePlan plan = new BalancePlan(sizes);
        if (method == Method.SMOTE) {
            plan.refuseSmallClasses(neighbours);
        }
        plan.refuseTooManyRows();
        return plan;
    }

    private static ToLongFunction<ClassSize> synthetic(Strategy strategy, int neighbours, List<ClassSize> present) {
        if (strategy instanceof Strategy.None) {
            return size -> 0;
        }
        if (neighbours < 1) {
            throw FailureException.input(
                    "NEIGHBOURS_OUT_OF_RANGE",
                    "balance.neighbours is %d; it is a whole number from 1 on".formatted(neighbours));
        }
        refuseOneClass(present);
        ClassSize largest = present.getFirst();
        ClassSize smallest = largest;
        for (ClassSize size : present) {
            largest = size.real() > largest.real() ? size : largest;
            smallest = size.real() < smallest.real() ? size : smallest;
        }
        long most = largest.real();
        int minority = smallest.label();
        return switch (strategy) {
            case Strategy.None none -> size -> 0;
            case Strategy.Auto auto -> size -> most - size.real();
            case Strategy.All all -> size -> most - size.real();
            case Strategy.Minority only -> size -> size.label() == minority ? most - size.real() : 0;
            case Strategy.NotMinority others -> size -> size.label() == minority ? 0 : most - size.real();
            case Strategy.AtLeast floor -> size -> Math.max(0, floor.count() - size.real());
            case Strategy.Ratio ratio -> ratio(ratio.share(), present, largest);
            case Strategy.Counts counts -> counts(counts.counts(), present);
        };
    }

    static void refuseOneClass(List<ClassSize> present) {
        if (present.size() == 1) {
            throw FailureException.input(
                    "ONE_CLASS",
                    "only class %s has training images; balancing takes at least 2 classes, or the strategy 'none'"
                            .formatted(present.getFirst().name()));
        }
    }

    static void refuseBadRatio(double share, List<ClassSize> present) {
        if (!(share > 0 && share <= 1)) {
            throw FailureException.input(
                    "RATIO_OUT_OF_RANGE", "a ratio lies above 0 and is at most 1; %s does not".formatted(share));
        }
        if (present.size() != 2) {
            throw FailureException.input(
                    "RATIO_NEEDS_TWO_CLASSES",
                    "the ratio %s is for two classes, and %d have training images; use {\"atLeast\": n} or {\"counts\": {…}}"
                            .formatted(share, present.size()));
        }
    }

    private static ToLongFunction<ClassSize> ratio(double share, List<ClassSize> present, ClassSize largest) {
        refuseBadRatio(share, present);
        ClassSize smaller = present.get(0).label() == largest.label() ? present.get(1) : present.get(0);
        // In double and cut towards zero, as there: 80 · 0.75 − 13.
        long more = (long) (largest.real() * share - smaller.real());
        if (more <= 0) {
            throw FailureException.input(
                    "RATIO_TOO_SMALL",
                    "the ratio %s of class %s's %d images is no more than the %d that class %s has; ask for more than %.4f"
                            .formatted(
                                    share,
                                    largest.name(),
                                    largest.real(),
                                    smaller.real(),
                                    smaller.name(),
                                    (double) smaller.real() / largest.real()));
        }
        return size -> size.label() == smaller.label() ? more : 0;
    }

    /// @return training images by class
    static Map<String, Long> refuseBadCounts(Map<String, Long> counts, List<ClassSize> present) {
        Map<String, Long> real = present.stream().collect(Collectors.toMap(ClassSize::name, ClassSize::real));
        Set<String> unknown = new TreeSet<>(counts.keySet());
        unknown.removeAll(real.keySet());
        if (!unknown.isEmpty()) {
            throw FailureException.input(
                    "CLASS_UNKNOWN",
                    "balance.strategy.counts names %s, of which there is no training image; the classes are %s"
                            .formatted(
                                    listed(List.copyOf(unknown)), listed(List.copyOf(new TreeSet<>(real.keySet())))));
        }
        counts.forEach((name, count) -> {
            if (count < 0) {
                throw FailureException.input(
                        "COUNT_NEGATIVE",
                        "balance.strategy.counts asks for %d images of class %s; a class cannot have fewer than the %d that it has"
                                .formatted(count, name, real.get(name)));
            }
        });
        return real;
    }

    private static ToLongFunction<ClassSize> counts(Map<String, Long> counts, List<ClassSize> present) {
        Map<String, Long> real = refuseBadCounts(counts, present);
        counts.forEach((name, count) -> {
            if (count < real.get(name)) {
                throw FailureException.input(
                        "FEWER_THAN_PRESENT",
                        "balance.strategy.counts asks for %d images of class %s, which has %d; ask for at least %d, or leave the class out"
                                .formatted(count, name, real.get(name), real.get(name)));
            }
        });
        return size -> counts.containsKey(size.name()) ? counts.get(size.name()) - size.real() : 0;
    }

    private void refuseSmallClasses(NeighbourChoice choice) {
        List<ClassSize> small = sizes.stream()
                .filter(size -> size.synthetic() > 0 && size.real() <= choice.of(size.real()))
                .toList();
        if (small.isEmpty()) {
            return;
        }
        int neighbours = choice.adaptive() ? 1 : choice.most();
        long fewest = small.stream().mapToLong(ClassSize::real).min().orElseThrow();
        String remedy = fewest > 1
                ? "set balance.neighbours to at most %d or to \"adaptive\", ".formatted(fewest - 1)
                : "no number of neighbours does for a class of 1: take the method 'random-over', ";
        throw FailureException.input(
                "CLASS_TOO_SMALL",
                "SMOTE with %d neighbours takes classes of at least %d training images, and there are %s; %sadd images, or leave the classes as they are by {\"counts\": {…}} or 'none'"
                        .formatted(
                                neighbours,
                                neighbours + 1,
                                listed(small.stream()
                                        .map(size -> "%d of class %s".formatted(size.real(), size.name()))
                                        .toList()),
                                remedy));
    }

    private void refuseTooManyRows() {
        // In double: the sum of sizes that a user may ask for does not always fit into a long.
        double rows = sizes.stream()
                .mapToDouble(size -> (double) size.real() + size.synthetic())
                .sum();
        if (rows > MOST_ROWS) {
            throw FailureException.input(
                    "SET_TOO_LARGE",
                    "the balanced set would have %.0f rows; ask for at most %d".formatted(rows, MOST_ROWS));
        }
    }

    private static String listed(List<String> names) {
        String shown = names.stream().limit(NAMED).collect(Collectors.joining(", "));
        return names.size() <= NAMED ? shown : "%s and %d more".formatted(shown, names.size() - NAMED);
    }

    /// @return rows of the balanced set
    public long rows() {
        return sizes.stream().mapToLong(ClassSize::rows).sum();
    }

    /// @return the place of a class's first synthetic row in `fit_resample`'s output: after all real rows and the
    ///     synthetic ones of the classes before it
    public long firstOrdinal(int label) {
        long real = sizes.stream().mapToLong(ClassSize::real).sum();
        return real
                + sizes.subList(0, label).stream()
                        .mapToLong(ClassSize::synthetic)
                        .sum();
    }

    /// @return the classes that must grow, in label order
    public List<ClassSize> growing() {
        return sizes.stream().filter(size -> size.synthetic() > 0).toList();
    }
}
