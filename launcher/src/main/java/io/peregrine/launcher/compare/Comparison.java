package io.peregrine.launcher.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/// Results of trainings on the same images, each strategy with the same seeds: means, and paired differences from
/// the baseline by seed.
public final class Comparison {
    /// Student's t at 97.5 %, for 1 to 30 degrees of freedom.
    private static final double[] T = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042
    };

    private static final double T_BEYOND = 1.96;

    /// One training.
    ///
    /// @param rows training rows of an epoch
    /// @param steps optimizer steps
    public record Outcome(Candidate candidate, long seed, long rows, int epochs, long steps, Tested test) {}

    /// A mean with its uncertainty.
    ///
    /// @param error standard error of the mean; NaN for a single value
    public record Mean(double value, double error, int count) {
        static Mean of(List<Double> values) {
            int n = values.size();
            double mean = values.stream().mapToDouble(d -> d).average().orElse(Double.NaN);
            double squares =
                    values.stream().mapToDouble(d -> (d - mean) * (d - mean)).sum();
            return new Mean(mean, Math.sqrt(squares / (n - 1) / n), n);
        }

        /// @return half the width of the 95 % interval by Student's t
        public double halfWidth() {
            int freedom = count - 1;
            return error * (freedom < 1 ? Double.NaN : freedom <= T.length ? T[freedom - 1] : T_BEYOND);
        }

        /// @return whether the interval excludes 0
        public boolean isApartFromZero() {
            return Math.abs(value) > halfWidth();
        }
    }

    private final List<String> classes;
    private final Map<String, List<Outcome>> byCandidate = new LinkedHashMap<>();

    /// @param classes in label order
    /// @param outcomes those of the baseline first, then those of the others in order; all candidates have the
    ///     same seeds
    public Comparison(List<String> classes, List<Outcome> outcomes) {
        this.classes = List.copyOf(classes);
        for (Outcome outcome : outcomes) {
            byCandidate
                    .computeIfAbsent(outcome.candidate().name(), name -> new ArrayList<>())
                    .add(outcome);
        }
        List<Long> seeds = seeds(baseline());
        byCandidate.forEach((name, all) -> {
            if (!seeds(all).equals(seeds)) {
                throw new IllegalArgumentException(
                        "%s has the seeds %s; expected %s".formatted(name, seeds(all), seeds));
            }
        });
    }

    private static List<Long> seeds(List<Outcome> outcomes) {
        return outcomes.stream().map(Outcome::seed).toList();
    }

    private List<Outcome> baseline() {
        return byCandidate.values().iterator().next();
    }

    /// @return names of the candidates, the baseline first
    public List<String> candidates() {
        return List.copyOf(byCandidate.keySet());
    }

    /// @return names of the classes in label order
    public List<String> classes() {
        return classes;
    }

    /// @return outcomes of a candidate in the order of the seeds
    public List<Outcome> of(String candidate) {
        return List.copyOf(byCandidate.get(candidate));
    }

    /// @return mean of a measure over the seeds
    public Mean mean(String candidate, ToDoubleFunction<Tested> measure) {
        return Mean.of(of(candidate).stream()
                .map(outcome -> measure.applyAsDouble(outcome.test()))
                .toList());
    }

    /// @return mean over the seeds of the difference between a candidate and the baseline with the same seed
    public Mean difference(String candidate, ToDoubleFunction<Tested> measure) {
        List<Outcome> own = of(candidate);
        return Mean.of(IntStream.range(0, own.size())
                .mapToObj(i -> measure.applyAsDouble(own.get(i).test())
                        - measure.applyAsDouble(baseline().get(i).test()))
                .toList());
    }

    /// @return number of test images
    public long tested() {
        return baseline().getFirst().test().images().stream().mapToLong(n -> n).sum();
    }
}
