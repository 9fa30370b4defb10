package io.peregrine.cluster.analysis;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/// Number of points that each cluster shares with each class. The table stores only pairs that share points.
/// There are at most as many as points; a dense table of 10,000 clusters and as many classes would take 800 MB.
public final class ContingencyTable {
    private final int clusters;
    private final int classes;
    /// First cell of each cluster; the cells of cluster k end where those of k + 1 begin.
    private final int[] first;
    /// Class of each cell, ascending within a cluster.
    private final int[] label;
    /// Points of each cell.
    private final long[] points;

    private ContingencyTable(int clusters, int classes, int[] first, int[] label, long[] points) {
        this.clusters = clusters;
        this.classes = classes;
        this.first = first;
        this.label = label;
        this.points = points;
    }

    /// @return a table as large as the highest labels
    static ContingencyTable of(int[] truth, int[] clusters) {
        int classes = Arrays.stream(truth).max().orElse(-1) + 1;
        int k = Arrays.stream(clusters).max().orElse(-1) + 1;
        return of(truth, clusters, k, classes);
    }

    /// @param truth class of each point
    /// @param clusters cluster of each point
    /// @param k number of clusters, empty ones too
    /// @param classes number of classes, empty ones too
    public static ContingencyTable of(int[] truth, int[] clusters, int k, int classes) {
        long[] cells = new long[truth.length];
        Arrays.setAll(cells, point -> (long) clusters[point] * classes + truth[point]);
        Arrays.sort(cells);
        int[] first = new int[k + 1];
        int[] label = new int[cells.length];
        long[] points = new long[cells.length];
        int cell = -1;
        for (int at = 0; at < cells.length; at++) {
            if (at == 0 || cells[at] != cells[at - 1]) {
                label[++cell] = (int) (cells[at] % classes);
                first[(int) (cells[at] / classes) + 1]++;
            }
            points[cell]++;
        }
        for (int cluster = 0; cluster < k; cluster++) {
            first[cluster + 1] += first[cluster];
        }
        return new ContingencyTable(k, classes, first, Arrays.copyOf(label, cell + 1), Arrays.copyOf(points, cell + 1));
    }

    int clusters() {
        return clusters;
    }

    int classes() {
        return classes;
    }

    /// @return number of pairs that share a point
    int cells() {
        return points.length;
    }

    /// @param cluster 0 to the number of clusters
    /// @return the cluster's first cell; its last lies before the first of the next
    int first(int cluster) {
        return first[cluster];
    }

    /// @return the cell's class
    int label(int cell) {
        return label[cell];
    }

    /// @return the cell's points, at least 1
    long points(int cell) {
        return points[cell];
    }

    /// @return points of a cluster, of all classes
    long pointsOf(int cluster) {
        long sum = 0;
        for (int cell = first[cluster]; cell < first[cluster + 1]; cell++) {
            sum += points[cell];
        }
        return sum;
    }

    /// @return points of each cluster
    long[] ofClusters() {
        long[] sums = new long[clusters];
        Arrays.setAll(sums, this::pointsOf);
        return sums;
    }

    /// @return points of each class
    long[] ofClasses() {
        long[] sums = new long[classes];
        for (int cell = 0; cell < points.length; cell++) {
            sums[label[cell]] += points[cell];
        }
        return sums;
    }

    /// @return points of the cluster's most frequent class
    long most(int cluster) {
        long most = 0;
        for (int cell = first[cluster]; cell < first[cluster + 1]; cell++) {
            most = Math.max(most, points[cell]);
        }
        return most;
    }

    /// @return points of each class that the cluster has, by class
    SortedMap<Integer, Long> counts(int cluster) {
        SortedMap<Integer, Long> counts = new TreeMap<>();
        for (int cell = first[cluster]; cell < first[cluster + 1]; cell++) {
            counts.put(label[cell], points[cell]);
        }
        return counts;
    }
}
