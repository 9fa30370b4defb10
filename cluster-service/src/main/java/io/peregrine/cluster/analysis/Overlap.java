package io.peregrine.cluster.analysis;

import java.util.Arrays;

/// How many points each cluster shares with each class.
public final class Overlap {
    private Overlap() {}

    /// @return [clusters, classes]; as large as the highest numbers that occur
    static long[][] of(int[] truth, int[] clusters) {
        int classes = Arrays.stream(truth).max().orElse(-1) + 1;
        int k = Arrays.stream(clusters).max().orElse(-1) + 1;
        return of(truth, clusters, k, classes);
    }

    /// @param k number of clusters, empty ones too
    /// @param classes number of classes, empty ones too
    /// @return [k, classes]
    public static long[][] of(int[] truth, int[] clusters, int k, int classes) {
        long[][] table = new long[k][classes];
        for (int i = 0; i < truth.length; i++) {
            table[clusters[i]][truth[i]]++;
        }
        return table;
    }

    /// @return share of points that belong to their cluster's most frequent class; 0 without a point
    public static double purity(long[]... table) {
        long most = 0;
        long all = 0;
        for (long[] cluster : table) {
            most += Arrays.stream(cluster).max().orElse(0);
            all += Arrays.stream(cluster).sum();
        }
        return all == 0 ? 0 : (double) most / all;
    }
}
