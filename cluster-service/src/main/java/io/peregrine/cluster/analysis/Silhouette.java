package io.peregrine.cluster.analysis;

import io.peregrine.parallel.WorkerPool;
import java.util.OptionalDouble;

/// How much closer points are to their own cluster than to the next one, −1 to 1. Rousseeuw, "Silhouettes: a
/// graphical aid to the interpretation and validation of cluster analysis", 1987.
public final class Silhouette {
    /// Points per task.
    private static final int CHUNK = 64;
    /// Points per distance block: panels of 1,024 × d doubles stay in the cache of one core.
    private static final int TILE = 1_024;
    /// Tasks between two progress reports: about a second.
    private static final int ROUND = 16;

    private Silhouette() {}

    /// @param clusters cluster of each point
    /// @return the mean silhouette; empty with fewer than two clusters or as many clusters as points
    public static OptionalDouble of(Points points, int[] clusters, WorkerPool pool, Progress progress) {
        int n = points.count();
        int k = 0;
        for (int cluster : clusters) {
            k = Math.max(k, cluster + 1);
        }
        long[] sizes = new long[k];
        for (int cluster : clusters) {
            sizes[cluster]++;
        }
        long nonEmpty = java.util.Arrays.stream(sizes).filter(s -> s > 0).count();
        if (nonEmpty < 2 || nonEmpty >= n) {
            return OptionalDouble.empty();
        }
        SquaredDistances[] tiles = new SquaredDistances[(n + TILE - 1) / TILE];
        pool.each(tiles.length, t -> tiles[t] = new SquaredDistances(points, t * TILE, Math.min(n, (t + 1) * TILE)));
        double[] silhouettes = new double[n];
        int pieces = (n + CHUNK - 1) / CHUNK;
        for (int round = 0; round < pieces; round += ROUND) {
            progress.at("silhouette", (long) round * CHUNK, n);
            int first = round;
            pool.each(Math.min(ROUND, pieces - round), piece -> {
                int from = (first + piece) * CHUNK;
                chunk(points, from, Math.min(n, from + CHUNK), tiles, clusters, sizes, silhouettes);
            });
        }
        double sum = 0;
        for (double silhouette : silhouettes) {
            sum += silhouette;
        }
        return OptionalDouble.of(sum / n);
    }

    private static void chunk(
            Points points, int from, int to, SquaredDistances[] tiles, int[] clusters, long[] sizes, double[] out) {
        int k = sizes.length;
        double[] sums = new double[(to - from) * k];
        double[] block = new double[(to - from) * tiles[0].padded()];
        for (int t = 0; t < tiles.length; t++) {
            tiles[t].of(points, from, to, block);
            int width = Math.min(TILE, clusters.length - t * TILE);
            for (int i = 0; i < to - from; i++) {
                for (int j = 0; j < width; j++) {
                    sums[i * k + clusters[t * TILE + j]] += Math.sqrt(block[i * tiles[t].padded() + j]);
                }
            }
        }
        for (int i = from; i < to; i++) {
            int own = clusters[i];
            if (sizes[own] == 1) {
                continue; // Alone in its cluster: 0 by definition.
            }
            double inside = sums[(i - from) * k + own] / (sizes[own] - 1);
            double outside = Double.POSITIVE_INFINITY;
            for (int c = 0; c < k; c++) {
                if (c != own && sizes[c] > 0) {
                    outside = Math.min(outside, sums[(i - from) * k + c] / sizes[c]);
                }
            }
            double larger = Math.max(inside, outside);
            out[i] = larger == 0 ? 0 : (outside - inside) / larger;
        }
    }
}
