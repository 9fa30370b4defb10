package io.peregrine.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.cluster.analysis.Analysis;
import io.peregrine.cluster.analysis.KMeans;
import io.peregrine.cluster.postgres.Clusters;
import io.peregrine.cluster.postgres.Clusters.Latents;
import io.peregrine.cluster.postgres.RunState;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.jboss.logging.Logger;

/// Clusters a run's latents, measures and names the clusters, and publishes latents, clusters and
/// `clusters.computed`.
///
/// It saves no intermediate state: a killed analysis restarts from scratch and ends in the same bytes.
@ApplicationScoped
class AnalyseRun implements JobHandler {
    static final String KIND = "analyse";

    private static final Logger LOG = Logger.getLogger(AnalyseRun.class);

    private final ArtifactStore store;
    private final Database database;
    private final ClusterConfig config;

    AnalyseRun(ArtifactStore store, Database database, ClusterConfig config) {
        this.store = store;
        this.database = database;
        this.config = config;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws IOException {
        RunRef run = context.job().run();
        ManifestRef ref = EventCodec.json().treeToValue(context.job().payload(), ManifestRef.class);
        Manifest manifest = Manifest.open(store, ref);
        RunSpec.ClusterSpec spec = RunSpecs.open(store, run).clusters();
        Latents latents = database.jdbi().inTransaction(sql -> Clusters.latents(sql, run.id()));
        Analysis analysis = analyse(context, manifest, spec, latents);
        ArtifactRef latentsRef = publish(context, latents);
        ArtifactRef clustersRef = publish(context, latents.rows(), analysis);
        KMeans.Clustering clustering = analysis.clustering();
        int k = analysis.clusters().size();
        context.complete(tx -> {
            RunState.lock(tx.sql(), run.id());
            Clusters.keep(tx.sql(), run.id(), latents.rows(), manifest.classes(), analysis, clustersRef, latentsRef);
            tx.publish(
                    new ClustersComputed(
                            run,
                            clustersRef,
                            latentsRef,
                            k,
                            clustering.iterations(),
                            clustering.inertia(),
                            analysis.measures()),
                    "clusters");
            // The last progress event of a task may be two seconds old.
            totals(analysis, latents)
                    .forEach((task, total) -> tx.publish(progressed(run, task, total, total), "finished/" + task));
            ClusterFlow.completeIfReady(tx, run);
        });
        LOG.infof(
                "clusters computed run=%s images=%d clusters=%d iterations=%d inertia=%.6g",
                run.id(), latents.rows().length, k, clustering.iterations(), clustering.inertia());
    }

    private Analysis analyse(JobContext context, Manifest manifest, RunSpec.ClusterSpec spec, Latents latents) {
        int n = latents.rows().length;
        int k = spec.k() == null ? manifest.classes().size() : spec.k();
        if (n < 2 || k > n) {
            throw FailureException.input(
                    "TOO_FEW_IMAGES",
                    "cannot make %d clusters of %d images: clusters.k must be from 1 to %d, and at least 2 images are needed"
                            .formatted(k, n, n));
        }
        int[] labels = IntStream.of(latents.rows()).map(manifest::label).toArray();
        Split[] splits = Arrays.stream(latents.rows()).mapToObj(manifest::split).toArray(Split[]::new);
        int threads =
                config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
        RunRef run = context.job().run();
        try (WorkerPool pool = new WorkerPool("analysis", threads)) {
            return Analysis.of(
                    latents.points(), labels, splits, manifest.classes(), k, spec.seed(), pool, (task, done, total) -> {
                        context.check();
                        context.progress(() -> progressed(run, task, done, total));
                    });
        }
    }

    private static Map<String, Long> totals(Analysis analysis, Latents latents) {
        return Map.of(
                "k-means start", (long) analysis.clusters().size(),
                "k-means", (long) analysis.clustering().iterations(),
                "projection", 1L,
                "silhouette", (long) latents.rows().length);
    }

    private static StageProgressed progressed(RunRef run, String task, long done, long total) {
        return new StageProgressed(run, Stage.CLUSTER, task, done, total, unit(task), Map.of());
    }

    private static String unit(String task) {
        return switch (task) {
            case "k-means" -> "iterations";
            case "k-means start" -> "centres";
            case "silhouette" -> "images";
            default -> "steps";
        };
    }

    private static ArtifactRef publish(JobContext context, Latents latents) {
        long n = latents.rows().length;
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("format", "peregrine-latents-1")
                .add("row", new long[] {n}, longs(latents.rows()))
                .add(
                        "latent",
                        new long[] {n, latents.points().dimensions()},
                        latents.points().values());
        return context.publish("latents", "safetensors", writer::writeTo);
    }

    private static ArtifactRef publish(JobContext context, int[] rows, Analysis analysis) {
        long n = rows.length;
        var centers = analysis.clustering().centers();
        int d = centers.dimensions();
        int m = analysis.pca().components().length;
        double[] components = Arrays.stream(analysis.pca().components())
                .flatMapToDouble(Arrays::stream)
                .toArray();
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("format", "peregrine-clusters-2")
                .add("row", new long[] {n}, longs(rows))
                .add("assignments", new long[] {n}, longs(analysis.clustering().assignments()))
                .add("centers", new long[] {centers.count(), d}, centers.values())
                .add("projection", new long[] {n, Analysis.AXES}, analysis.projection())
                .add("pca_mean", new long[] {d}, analysis.pca().mean())
                .add("pca_components", new long[] {m, d}, components)
                .add(
                        "pca_explained_variance_ratio",
                        new long[] {m},
                        analysis.pca().varianceRatio())
                .add(
                        "size",
                        new long[] {centers.count()},
                        analysis.clusters().stream()
                                .mapToLong(Analysis.Cluster::size)
                                .toArray())
                .add(
                        "purity",
                        new long[] {centers.count()},
                        analysis.clusters().stream()
                                .mapToDouble(cluster -> cluster.purity() == null ? Double.NaN : cluster.purity())
                                .toArray());
        byte[] names = names(analysis);
        writer.add("names", new long[] {names.length}, names);
        return context.publish("clusters", "safetensors", writer::writeTo);
    }

    /// Stored as a tensor, because a safetensors header has no room for 10,000 names.
    ///
    /// @return a JSON array in UTF-8: class names may contain any character except U+0000
    private static byte[] names(Analysis analysis) {
        try {
            return EventCodec.json()
                    .writeValueAsBytes(analysis.clusters().stream()
                            .map(Analysis.Cluster::name)
                            .toList());
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static long[] longs(int[] values) {
        return IntStream.of(values).asLongStream().toArray();
    }
}
