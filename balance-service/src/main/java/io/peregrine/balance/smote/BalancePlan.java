package io.peregrine.balance.smote;

import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.events.spec.RunSpec.NeighbourChoice;
import io.peregrine.events.spec.RunSpec.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// The planned size of each class: imbalanced-learn 0.14.2's `check_sampling_strategy` with its validation errors
/// ([UnderSampling] has those of under-sampling). Classes are in label order, which is the order of its sorted
/// keys. A class without training images counts as absent, as in imbalanced-learn.
///
/// @param sizes of every class, in label order
public record BalancePlan(List<ClassSize> sizes) {
    /// Maximum rows of a balanced set: shuffling that many takes 300 MB.
    public static final long MOST_ROWS = 1L << 23;

    private static final int LISTED = 10;

    public BalancePlan {
        sizes = List.copyOf(sizes);
    }

    /// Plans the sizes for SMOTE.
    ///
    /// @param neighbours SMOTE's k, at least 1
    /// @throws FailureException as [#of(Method, Strategy, NeighbourChoice, List, long\[\])]
    public static BalancePlan of(Strategy strategy, int neighbours, List<String> classes, long[] real) {
        return of(Method.SMOTE, strategy, NeighbourChoice.fixed(neighbours), classes, real);
    }

    /// Plans the sizes.
    ///
    /// @param classes names in label order
    /// @param real training images by label
    /// @throws FailureException INPUT if imbalanced-learn raises an error: `ONE_CLASS`, `CLASS_UNKNOWN`,
    ///     `COUNT_NEGATIVE`, `FEWER_THAN_PRESENT`, `MORE_THAN_PRESENT`, `RATIO_NEEDS_TWO_CLASSES`,
    ///     `RATIO_TOO_SMALL`, `RATIO_OUT_OF_RANGE`, `NEIGHBOURS_OUT_OF_RANGE`, `CLASS_TOO_SMALL`; and
    ///     `NO_TRAINING_IMAGES`, `SET_TOO_LARGE`
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
                    "none of the %d classes has training images; put images into the train split"
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
            plan.rejectSmallClasses(neighbours);
        }
        plan.rejectTooManyRows();
        return plan;
    }

    private static ToLongFunction<ClassSize> synthetic(Strategy strategy, int neighbours, List<ClassSize> present) {
        if (strategy instanceof Strategy.None) {
            return size -> 0;
        }
        if (neighbours < 1) {
            throw FailureException.input(
                    "NEIGHBOURS_OUT_OF_RANGE",
                    "balance.neighbours is %d; it must be an integer of at least 1".formatted(neighbours));
        }
        rejectSingleClass(present);
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

    static void rejectSingleClass(List<ClassSize> present) {
        if (present.size() == 1) {
            throw FailureException.input(
                    "ONE_CLASS",
                    "only class %s has training images; balancing needs at least 2 classes, or the strategy 'none'"
                            .formatted(present.getFirst().name()));
        }
    }

    static void requireValidRatio(double share, List<ClassSize> present) {
        if (!(share > 0 && share <= 1)) {
            throw FailureException.input(
                    "RATIO_OUT_OF_RANGE", "the ratio is %s; it must be above 0 and at most 1".formatted(share));
        }
        if (present.size() != 2) {
            throw FailureException.input(
                    "RATIO_NEEDS_TWO_CLASSES",
                    "the ratio %s needs exactly two classes, but %d have training images; use {\"atLeast\": n} or {\"counts\": {…}}"
                            .formatted(share, present.size()));
        }
    }

    private static ToLongFunction<ClassSize> ratio(double share, List<ClassSize> present, ClassSize largest) {
        requireValidRatio(share, present);
        ClassSize smaller = present.get(0).label() == largest.label() ? present.get(1) : present.get(0);
        // Computed in double and truncated towards zero, as in imbalanced-learn: 80 · 0.75 − 13.
        long more = (long) (largest.real() * share - smaller.real());
        if (more <= 0) {
            throw FailureException.input(
                    "RATIO_TOO_SMALL",
                    "the ratio %s of class %s's %d images is not more than the %d images of class %s; use a ratio above %.4f"
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
    static Map<String, Long> requireValidCounts(Map<String, Long> counts, List<ClassSize> present) {
        Map<String, Long> real = present.stream().collect(Collectors.toMap(ClassSize::name, ClassSize::real));
        Set<String> unknown = new TreeSet<>(counts.keySet());
        unknown.removeAll(real.keySet());
        if (!unknown.isEmpty()) {
            throw FailureException.input(
                    "CLASS_UNKNOWN",
                    "balance.strategy.counts lists %s, which have no training images; the classes are %s"
                            .formatted(
                                    listed(List.copyOf(unknown)), listed(List.copyOf(new TreeSet<>(real.keySet())))));
        }
        counts.forEach((name, count) -> {
            if (count < 0) {
                throw FailureException.input(
                        "COUNT_NEGATIVE",
                        "balance.strategy.counts has %d for class %s; the count must not be negative: the class has %d images"
                                .formatted(count, name, real.get(name)));
            }
        });
        return real;
    }

    private static ToLongFunction<ClassSize> counts(Map<String, Long> counts, List<ClassSize> present) {
        Map<String, Long> real = requireValidCounts(counts, present);
        counts.forEach((name, count) -> {
            if (count < real.get(name)) {
                throw FailureException.input(
                        "FEWER_THAN_PRESENT",
                        "balance.strategy.counts has %d for class %s, which has %d images; set at least %d, or omit the class"
                                .formatted(count, name, real.get(name), real.get(name)));
            }
        });
        return size -> counts.containsKey(size.name()) ? counts.get(size.name()) - size.real() : 0;
    }

    private void rejectSmallClasses(NeighbourChoice choice) {
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
                : "a class of 1 image has no neighbours: use the method 'random-over', ";
        throw FailureException.input(
                "CLASS_TOO_SMALL",
                "SMOTE with %d neighbours needs at least %d training images in each class, but there are %s; %sadd images, or keep the sizes of these classes with {\"counts\": {…}} or 'none'"
                        .formatted(
                                neighbours,
                                neighbours + 1,
                                listed(small.stream()
                                        .map(size -> "%d of class %s".formatted(size.real(), size.name()))
                                        .toList()),
                                remedy));
    }

    private void rejectTooManyRows() {
        // Computed in double: the sum of sizes that a user may request can exceed a long.
        double rows = sizes.stream()
                .mapToDouble(size -> (double) size.real() + size.synthetic())
                .sum();
        if (rows > MOST_ROWS) {
            throw FailureException.input(
                    "SET_TOO_LARGE",
                    "the balanced set would have %.0f rows; at most %d are allowed".formatted(rows, MOST_ROWS));
        }
    }

    private static String listed(List<String> names) {
        String shown = names.stream().limit(LISTED).collect(Collectors.joining(", "));
        return names.size() <= LISTED ? shown : "%s and %d more".formatted(shown, names.size() - LISTED);
    }

    /// @return rows of the balanced set
    public long rows() {
        return sizes.stream().mapToLong(ClassSize::rows).sum();
    }

    /// @return position of a class's first synthetic row in `fit_resample`'s output: after all real rows and the
    ///     synthetic rows of the preceding classes
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
