package io.peregrine.cluster.analysis;

import io.peregrine.events.Split;
import io.peregrine.parallel.WorkerPool;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Analysis of a run's latents: named clusters, measures against the classes, and a projection for charts.
///
/// @param clustering of all images of all splits
/// @param distances distance of each image to its centre, [n]
/// @param pca of all images
/// @param projection float32 [n, 3]; a component that the data lacks is 0
/// @param clusters in the order of their indices
/// @param measures by name and split, such as `nmi.test`, `silhouette.all`, and `distinct.all`, the number of
///     different latents; undefined measures are omitted
public record Analysis(
        KMeans.Clustering clustering,
        double[] distances,
        Pca pca,
        float[] projection,
        List<Cluster> clusters,
        SequencedMap<String, Double> measures) {

    /// Axes of the projection.
    public static final int AXES = 3;

    /// @param name see [ClusterNames]; unique
    /// @param purity share of its most frequent class, above 0 to 1; null without images
    /// @param counts number of images by class; only classes in the cluster
    public record Cluster(int index, String name, long size, Double purity, SortedMap<Integer, Long> counts) {}

    /// @param latents one point for each image, at least two
    /// @param labels class of each
    /// @param splits split of each
    /// @param classes names in label order
    /// @param k number of clusters, at most the number of images
    /// @param seed of the k-means start
    public static Analysis of(
            Points latents,
            int[] labels,
            Split[] splits,
            List<String> classes,
            int k,
            long seed,
            WorkerPool pool,
            Progress progress) {
        KMeans.Clustering clustering = new KMeans(latents, pool).cluster(k, seed, progress);
        progress.at("projection", 0, 1);
        Pca pca = Pca.of(latents, AXES, pool);
        int[] assignments = clustering.assignments();
        ContingencyTable overlap = ContingencyTable.of(labels, assignments, k, classes.size());
        String[] names = ClusterNames.of(overlap, classes);
        long[] sizes = overlap.ofClusters();
        List<Cluster> clusters = new ArrayList<>();
        for (int c = 0; c < k; c++) {
            Double purity = sizes[c] == 0 ? null : Double.valueOf((double) overlap.most(c) / sizes[c]);
            clusters.add(new Cluster(c, names[c], sizes[c], purity, overlap.counts(c)));
        }
        return new Analysis(
                clustering,
                distances(latents, clustering),
                pca,
                padded(pca, latents),
                List.copyOf(clusters),
                measures(latents, labels, splits, assignments, pool, progress));
    }

    private static SequencedMap<String, Double> measures(
            Points latents, int[] labels, Split[] splits, int[] assignments, WorkerPool pool, Progress progress) {
        SequencedMap<String, Double> measures = new TreeMap<>();
        measure("all", latents, labels, assignments, pool, progress, measures);
        measures.put("distinct.all", (double) latents.distinct());
        for (Split split : Split.values()) {
            int[] rows = IntStream.range(0, splits.length)
                    .filter(i -> splits[i] == split)
                    .toArray();
            if (rows.length > 0) {
                int[] truth = IntStream.of(rows).map(i -> labels[i]).toArray();
                int[] clusters = IntStream.of(rows).map(i -> assignments[i]).toArray();
                measure(split.jsonName(), latents.rows(rows), truth, clusters, pool, progress, measures);
            }
        }
        return measures;
    }

    private static void measure(
            String of,
            Points latents,
            int[] truth,
            int[] clusters,
            WorkerPool pool,
            Progress progress,
            SequencedMap<String, Double> measures) {
        ClusterMetrics agreement = ClusterMetrics.of(truth, clusters);
        measures.put("ari." + of, agreement.ari());
        measures.put("nmi." + of, agreement.nmi());
        measures.put("homogeneity." + of, agreement.homogeneity());
        measures.put("completeness." + of, agreement.completeness());
        measures.put("v." + of, agreement.v());
        measures.put("purity." + of, agreement.purity());
        Silhouette.of(latents, clusters, pool, progress).ifPresent(s -> measures.put("silhouette." + of, s));
    }

    private static double[] distances(Points latents, KMeans.Clustering clustering) {
        double[] distances = new double[latents.count()];
        for (int i = 0; i < distances.length; i++) {
            double sum = 0;
            for (int j = 0; j < latents.dimensions(); j++) {
                double difference = (double) latents.at(i, j)
                        - clustering.centers().at(clustering.assignments()[i], j);
                sum += difference * difference;
            }
            distances[i] = Math.sqrt(sum);
        }
        return distances;
    }

    private static float[] padded(Pca pca, Points latents) {
        float[] narrow = pca.project(latents);
        int m = pca.components().length;
        float[] wide = new float[latents.count() * AXES];
        for (int i = 0; i < latents.count(); i++) {
            System.arraycopy(narrow, i * m, wide, i * AXES, m);
        }
        return wide;
    }
}
