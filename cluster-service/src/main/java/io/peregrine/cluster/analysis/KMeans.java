package io.peregrine.cluster.analysis;

import io.peregrine.parallel.WorkerPool;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Lloyd's k-means on float32 points, as in scikit-learn 1.9.1 (`KMeans(n_init=1, algorithm='lloyd', tol=1e-4,
/// max_iter=300)`). The assignments are the same: data are centred, strict convergence is tested before the
/// tolerance, empty clusters get the farthest points, and ties go to the lowest cluster. Lloyd, "Least squares
/// quantization in PCM", 1982.
///
/// Distances and sums are computed in double in a fixed order. So the same points and the same centres or seed
/// give the same bytes for any number of threads.
public final class KMeans {
    private static final int MAX_ITERATIONS = 300;
    private static final double TOLERANCE = 1e-4;
    /// Points per task.
    private static final int CHUNK = 256;

    /// A clustering.
    ///
    /// @param assignments cluster of each point
    /// @param centers k points
    /// @param inertia sum of the squared distances of points to their own centre
    /// @param iterations as scikit-learn's `n_iter_`
    /// @param distinct clusters with at least one point; fewer than k where points are duplicates
    public record Clustering(int[] assignments, Points centers, double inertia, int iterations, int distinct) {}

    private final Points points;
    private final WorkerPool pool;
    private final float[] mean;
    private final double tolerance;

    /// @param points at least one
    public KMeans(Points points, WorkerPool pool) {
        double[] mean = points.mean();
        this.mean = new float[mean.length];
        for (int j = 0; j < mean.length; j++) {
            this.mean[j] = (float) mean[j];
        }
        this.tolerance = TOLERANCE * meanVariance(points, mean);
        this.points = points.moved(this.mean, -1);
        this.pool = pool;
    }

    /// Starts from k-means++.
    ///
    /// @param k number of clusters, 1 to the number of points
    /// @param seed as scikit-learn's `random_state`, 0 to 4,294,967,295
    /// @throws IllegalArgumentException if there are fewer points than clusters
    public Clustering cluster(int k, long seed, Progress progress) {
        if (k < 1 || k > points.count()) {
            throw new IllegalArgumentException(
                    "cannot make %d clusters of %d points: use 1 to %d".formatted(k, points.count(), points.count()));
        }
        return lloyd(points.rows(new KMeansStart(points, pool).draw(k, seed, progress)), progress);
    }

    /// Starts from given centres.
    ///
    /// @param init k points of the same dimensions
    public Clustering cluster(Points init, Progress progress) {
        return lloyd(init.moved(mean, -1), progress);
    }

    private Clustering lloyd(Points start, Progress progress) {
        Points centers = start;
        int[] before = new int[points.count()];
        Arrays.fill(before, -1);
        boolean strict = false;
        int iterations = 0;
        int[] assignments = before;
        while (iterations < MAX_ITERATIONS) {
            progress.at("k-means", iterations++, MAX_ITERATIONS);
            assignments = nearest(centers);
            Points next = average(assignments, centers);
            double shift = shift(centers, next);
            centers = next;
            strict = Arrays.equals(assignments, before);
            if (strict || shift <= tolerance) {
                break;
            }
            before = assignments;
        }
        if (!strict) {
            assignments = nearest(centers);
        }
        int distinct = (int) Arrays.stream(assignments).distinct().count();
        return new Clustering(
                assignments, centers.moved(mean, +1), inertia(assignments, centers), iterations, distinct);
    }

    /// @return the nearest centre of each point; ties go to the lowest
    private int[] nearest(Points centers) {
        SquaredDistances toCenters = new SquaredDistances(centers);
        int padded = toCenters.padded();
        int n = points.count();
        int[] nearest = new int[n];
        pool.each((n + CHUNK - 1) / CHUNK, piece -> {
            int from = piece * CHUNK;
            int to = Math.min(n, from + CHUNK);
            double[] block = new double[(to - from) * padded];
            toCenters.of(points, from, to, block);
            for (int i = from; i < to; i++) {
                int row = (i - from) * padded;
                int best = 0;
                for (int c = 1; c < centers.count(); c++) {
                    if (block[row + c] < block[row + best]) {
                        best = c;
                    }
                }
                nearest[i] = best;
            }
        });
        return nearest;
    }

    /// @return the mean of each cluster's points, summed in row order
    private Points average(int[] assignments, Points old) {
        int k = old.count();
        int d = points.dimensions();
        int[][] members = members(assignments, k);
        double[][] sums = new double[k][d];
        long[] weights = new long[k];
        pool.each(k, cluster -> {
            double[] sum = sums[cluster];
            for (int point : members[cluster]) {
                for (int j = 0, at = point * d; j < d; j++) {
                    sum[j] += points.values()[at + j];
                }
            }
            weights[cluster] = members[cluster].length;
        });
        fillEmpty(assignments, old, sums, weights);
        int biggest = 0;
        for (int c = 1; c < k; c++) {
            biggest = weights[c] > weights[biggest] ? c : biggest;
        }
        float[] centers = new float[k * d];
        for (int c = 0; c < k; c++) {
            // Otherwise the centre of a cluster that is still empty would be the origin, among the points.
            int source = weights[c] > 0 ? c : biggest;
            for (int j = 0; j < d; j++) {
                centers[c * d + j] = (float) (sums[source][j] / weights[source]);
            }
        }
        return new Points(k, d, centers);
    }

    /// Moves one of the points farthest from their old centre into each empty cluster, farthest first, and
    /// removes it from its old cluster's sum. Does nothing if every point lies on its centre.
    private void fillEmpty(int[] assignments, Points old, double[][] sums, long[] weights) {
        int[] empty =
                IntStream.range(0, weights.length).filter(c -> weights[c] == 0).toArray();
        if (empty.length == 0) {
            return;
        }
        double[] distances = new double[assignments.length];
        for (int i = 0; i < distances.length; i++) {
            distances[i] = distance(i, old, assignments[i]);
        }
        int[] farthest = IntStream.range(0, distances.length)
                .boxed()
                .sorted((a, b) -> distances[a] != distances[b]
                        ? Double.compare(distances[b], distances[a])
                        : Integer.compare(a, b))
                .limit(empty.length)
                .mapToInt(Integer::intValue)
                .toArray();
        if (distances[farthest[0]] == 0) {
            return;
        }
        for (int e = 0; e < farthest.length; e++) {
            int from = assignments[farthest[e]];
            for (int j = 0; j < points.dimensions(); j++) {
                double value = points.at(farthest[e], j);
                sums[from][j] -= value;
                sums[empty[e]][j] = value;
            }
            weights[from]--;
            weights[empty[e]] = 1;
        }
    }

    private double inertia(int[] assignments, Points centers) {
        double inertia = 0;
        for (int i = 0; i < assignments.length; i++) {
            inertia += distance(i, centers, assignments[i]);
        }
        return inertia;
    }

    private double distance(int point, Points centers, int center) {
        double sum = 0;
        for (int j = 0; j < points.dimensions(); j++) {
            double difference = (double) points.at(point, j) - centers.at(center, j);
            sum += difference * difference;
        }
        return sum;
    }

    private static double shift(Points before, Points after) {
        double shift = 0;
        for (int at = 0; at < before.values().length; at++) {
            double moved = (double) after.values()[at] - before.values()[at];
            shift += moved * moved;
        }
        return shift;
    }

    private static int[][] members(int[] assignments, int k) {
        int[] sizes = new int[k];
        for (int cluster : assignments) {
            sizes[cluster]++;
        }
        int[][] members = new int[k][];
        for (int c = 0; c < k; c++) {
            members[c] = new int[sizes[c]];
        }
        for (int i = assignments.length - 1; i >= 0; i--) {
            members[assignments[i]][--sizes[assignments[i]]] = i;
        }
        return members;
    }

    private static double meanVariance(Points points, double[] mean) {
        double sum = 0;
        for (int at = 0; at < points.values().length; ) {
            for (int j = 0; j < mean.length; j++) {
                double difference = points.values()[at++] - mean[j];
                sum += difference * difference;
            }
        }
        return sum / points.values().length;
    }
}
