package io.peregrine.cluster.analysis;

import smile.validation.metric.AdjustedRandIndex;
import smile.validation.metric.NormalizedMutualInformation;

/// How well clusters agree with classes, as scikit-learn measures it.
///
/// @param ari adjusted Rand index (Hubert and Arabie, 1985): 0 by chance, 1 the same
/// @param nmi normalised mutual information, by the arithmetic mean of the entropies, 0 to 1
/// @param homogeneity 1 where every cluster has one class (Rosenberg and Hirschberg, "V-measure", 2007)
/// @param completeness 1 where every class lies in one cluster
/// @param v harmonic mean of the two
/// @param purity share of points that belong to their cluster's most frequent class
public record Agreement(double ari, double nmi, double homogeneity, double completeness, double v, double purity) {

    /// @param truth class of each point, 0 or above
    /// @param clusters cluster of each point, 0 or above; as long as `truth`, not empty
    public static Agreement of(int[] truth, int[] clusters) {
        if (truth.length != clusters.length || truth.length == 0) {
            throw new IllegalArgumentException(
                    "%d classes against %d clusters: there must be one of each for every point, and a point"
                            .formatted(truth.length, clusters.length));
        }
        long[][] table = Overlap.of(truth, clusters);
        int n = truth.length;
        double classEntropy = entropy(sums(table, true), n);
        double clusterEntropy = entropy(sums(table, false), n);
        double mutual = mutualInformation(table, n);
        double homogeneity = classEntropy == 0 ? 1 : mutual / classEntropy;
        double completeness = clusterEntropy == 0 ? 1 : mutual / clusterEntropy;
        double v = homogeneity + completeness == 0 ? 0 : 2 * homogeneity * completeness / (homogeneity + completeness);
        // One class and one cluster, or every point alone in both: Smile divides 0 by 0, the reference says 1.
        boolean trivial = classEntropy == 0 && clusterEntropy == 0 || isAlone(table, n);
        return new Agreement(
                trivial ? 1 : AdjustedRandIndex.of(truth, clusters),
                trivial ? 1 : NormalizedMutualInformation.sum(truth, clusters),
                homogeneity,
                completeness,
                v,
                Overlap.purity(table));
    }

    private static boolean isAlone(long[][] table, int n) {
        return java.util.Arrays.stream(sums(table, true)).filter(s -> s == 1).count() == n
                && java.util.Arrays.stream(sums(table, false))
                                .filter(s -> s == 1)
                                .count()
                        == n;
    }

    private static double mutualInformation(long[][] table, int n) {
        long[] classes = sums(table, true);
        long[] clusters = sums(table, false);
        double mutual = 0;
        for (int k = 0; k < table.length; k++) {
            for (int c = 0; c < classes.length; c++) {
                if (table[k][c] > 0) {
                    double share = (double) table[k][c] / n;
                    mutual += share
                            * (Math.log(share)
                                    + Math.log(n)
                                    - Math.log(clusters[k])
                                    + Math.log(n)
                                    - Math.log(classes[c]));
                }
            }
        }
        return Math.max(0, mutual);
    }

    private static double entropy(long[] counts, int n) {
        double entropy = 0;
        for (long count : counts) {
            if (count > 0) {
                double share = (double) count / n;
                entropy -= share * Math.log(share);
            }
        }
        return Math.max(0, entropy);
    }

    private static long[] sums(long[][] table, boolean byClass) {
        long[] sums = new long[byClass ? table[0].length : table.length];
        for (int k = 0; k < table.length; k++) {
            for (int c = 0; c < table[k].length; c++) {
                sums[byClass ? c : k] += table[k][c];
            }
        }
        return sums;
    }
}
