package io.peregrine.cluster.analysis;

import io.peregrine.parallel.WorkerPool;
import io.peregrine.random.Mt19937;

/// Initial centres of k-means: greedy k-means++ as in scikit-learn 1.9.1 with `RandomState(seed)`.
///
/// Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007. Each step draws `2 + ⌊ln k⌋`
/// points with probabilities proportional to the squared distance from the nearest centre so far. It takes the
/// one that reduces the sum of these distances most.
final class KMeansStart {
    /// Points per task.
    private static final int CHUNK = 1_024;

    private final Points points;
    private final WorkerPool pool;

    KMeansStart(Points points, WorkerPool pool) {
        this.points = points;
        this.pool = pool;
    }

    /// @param k at most the number of points
    /// @return k points, in the order in which they were drawn
    int[] draw(int k, long seed, Progress progress) {
        Mt19937 random = new Mt19937(seed);
        int n = points.count();
        int trials = 2 + (int) Math.log(k);
        int[] chosen = new int[k];
        chosen[0] = first(random.uniform());
        double[] nearest = distances(new int[] {chosen[0]})[0];
        double potential = sum(nearest);
        for (int centre = 1; centre < k; centre++) {
            progress.at("k-means start", centre, k);
            double[] cumulative = cumulative(nearest);
            int[] candidates = new int[trials];
            for (int trial = 0; trial < trials; trial++) {
                candidates[trial] = Math.min(searchLeft(cumulative, random.uniform() * potential), n - 1);
            }
            double[][] each = distances(candidates);
            int best = -1;
            double bestPotential = Double.POSITIVE_INFINITY;
            for (int trial = 0; trial < trials; trial++) {
                for (int i = 0; i < n; i++) {
                    each[trial][i] = Math.min(each[trial][i], nearest[i]);
                }
                double sum = sum(each[trial]);
                if (best < 0 || sum < bestPotential) {
                    best = trial;
                    bestPotential = sum;
                }
            }
            chosen[centre] = candidates[best];
            nearest = each[best];
            potential = bestPotential;
        }
        return chosen;
    }

    /// Same as `RandomState.choice(n, p=1/n)`: a right-side search in the normalised cumulative sum.
    private int first(double uniform) {
        int n = points.count();
        double[] cumulative = new double[n];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += 1.0 / n;
            cumulative[i] = sum;
        }
        int at = 0;
        while (at < n - 1 && cumulative[at] / sum <= uniform) {
            at++;
        }
        return at;
    }

    /// @return squared distances from each candidate to every point: [candidates, n], rounded to float32 as in
    ///     scikit-learn
    private double[][] distances(int[] candidates) {
        SquaredDistances toCandidates = new SquaredDistances(points.rows(candidates));
        int padded = toCandidates.padded();
        int n = points.count();
        double[][] distances = new double[candidates.length][n];
        pool.each((n + CHUNK - 1) / CHUNK, piece -> {
            int from = piece * CHUNK;
            int to = Math.min(n, from + CHUNK);
            double[] block = new double[(to - from) * padded];
            toCandidates.of(points, from, to, block);
            for (int i = from; i < to; i++) {
                for (int c = 0; c < candidates.length; c++) {
                    distances[c][i] = (float) block[(i - from) * padded + c];
                }
            }
        });
        return distances;
    }

    private static double[] cumulative(double[] values) {
        double[] cumulative = new double[values.length];
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += values[i];
            cumulative[i] = sum;
        }
        return cumulative;
    }

    /// @return the first index whose value is not below the sought one, as `searchsorted(…, side='left')`
    private static int searchLeft(double[] ascending, double sought) {
        int low = 0;
        int high = ascending.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ascending[middle] < sought) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
