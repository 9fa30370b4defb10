package io.peregrine.cluster.analysis;

import java.util.Arrays;

/// Agreement of clusters with classes, as defined by scikit-learn.
///
/// @param ari adjusted Rand index (Hubert and Arabie, 1985): 0 by chance, 1 for identical partitions
/// @param nmi normalised mutual information, by the arithmetic mean of the entropies, 0 to 1
/// @param homogeneity 1 if every cluster contains one class (Rosenberg and Hirschberg, "V-measure", 2007)
/// @param completeness 1 if every class lies in one cluster
/// @param v harmonic mean of homogeneity and completeness
/// @param purity share of points that belong to their cluster's most frequent class
public record ClusterMetrics(double ari, double nmi, double homogeneity, double completeness, double v, double purity) {

    /// @param truth class of each point, 0 or above
    /// @param clusters cluster of each point, 0 or above; as long as `truth`, not empty
    public static ClusterMetrics of(int[] truth, int[] clusters) {
        if (truth.length != clusters.length || truth.length == 0) {
            throw new IllegalArgumentException(
                    "%d class labels and %d cluster labels: there must be one of each per point, and at least one point"
                            .formatted(truth.length, clusters.length));
        }
        ContingencyTable overlap = ContingencyTable.of(truth, clusters);
        long[] ofClasses = overlap.ofClasses();
        long[] ofClusters = overlap.ofClusters();
        int n = truth.length;
        double classEntropy = entropy(ofClasses, n);
        double clusterEntropy = entropy(ofClusters, n);
        double mutual = mutualInformation(overlap, ofClasses, ofClusters, n);
        double homogeneity = classEntropy == 0 ? 1 : mutual / classEntropy;
        double completeness = clusterEntropy == 0 ? 1 : mutual / clusterEntropy;
        double v = homogeneity + completeness == 0 ? 0 : 2 * homogeneity * completeness / (homogeneity + completeness);
        // One class and one cluster, or every point alone in both: both measures would be 0 / 0, and scikit-learn
        // returns 1.
        boolean trivial = classEntropy == 0 && clusterEntropy == 0 || isAlone(ofClasses, n) && isAlone(ofClusters, n);
        return new ClusterMetrics(
                trivial ? 1 : adjustedRandIndex(overlap, ofClasses, ofClusters, n),
                trivial ? 1 : 2 * mutual / (classEntropy + clusterEntropy),
                homogeneity,
                completeness,
                v,
                purity(overlap, n));
    }

    private static boolean isAlone(long[] sums, int n) {
        return Arrays.stream(sums).filter(sum -> sum == 1).count() == n;
    }

    private static double adjustedRandIndex(ContingencyTable overlap, long[] ofClasses, long[] ofClusters, int n) {
        double together = 0;
        for (int cell = 0; cell < overlap.cells(); cell++) {
            together += pairs(overlap.points(cell));
        }
        double inClasses =
                Arrays.stream(ofClasses).mapToDouble(ClusterMetrics::pairs).sum();
        double inClusters =
                Arrays.stream(ofClusters).mapToDouble(ClusterMetrics::pairs).sum();
        double byChance = inClasses * inClusters / pairs(n);
        return (together - byChance) / ((inClasses + inClusters) / 2 - byChance);
    }

    private static double pairs(long points) {
        return points * (points - 1) / 2.0;
    }

    private static double mutualInformation(ContingencyTable overlap, long[] ofClasses, long[] ofClusters, int n) {
        double mutual = 0;
        for (int k = 0; k < overlap.clusters(); k++) {
            for (int cell = overlap.first(k); cell < overlap.first(k + 1); cell++) {
                double share = (double) overlap.points(cell) / n;
                mutual += share
                        * (Math.log(share)
                                + Math.log(n)
                                - Math.log(ofClusters[k])
                                + Math.log(n)
                                - Math.log(ofClasses[overlap.label(cell)]));
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

    private static double purity(ContingencyTable overlap, int n) {
        long most = 0;
        for (int k = 0; k < overlap.clusters(); k++) {
            most += overlap.most(k);
        }
        return (double) most / n;
    }
}
