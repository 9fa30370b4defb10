package io.peregrine.cluster;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.peregrine.cluster.postgres.MeterQueries;
import io.peregrine.cluster.postgres.MeterQueries.Balanced;
import io.peregrine.cluster.postgres.MeterQueries.ClassSize;
import io.peregrine.cluster.postgres.MeterQueries.Latest;
import io.peregrine.cluster.postgres.MeterQueries.Running;
import io.peregrine.work.quarkus.PeriodicTasks;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Metrics of runs, classes and clusters. They are read from the catalogue, so they are the same on every replica
/// and after every start.
///
/// `peregrine_run_info{run,dataset,stage}` is 1 for each running run and is removed when the run ends. Class
/// metrics describe the last balanced set, cluster metrics the last computed clusters; both cover only the
/// largest 200.
@ApplicationScoped
class ClusterMeters {
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final MeterQueries queries;
    private final MeterRegistry registry;
    private final MultiGauge runs;
    private final MultiGauge info;
    private final MultiGauge silence;
    private final MultiGauge classes;
    private final MultiGauge classesOmitted;
    private final MultiGauge clustersOmitted;
    private final MultiGauge iterations;
    private final MultiGauge inertia;
    private final MultiGauge sizes;
    private final MultiGauge purities;
    private final MultiGauge nmi;
    private final MultiGauge measures;
    private PeriodicTasks clock;

    ClusterMeters(MeterQueries queries, MeterRegistry registry) {
        this.queries = queries;
        this.registry = registry;
        this.runs = gauge("peregrine.runs", null, "Runs by state");
        this.info = gauge("peregrine.run.info", null, "1 for each run that is running, with its stage");
        this.silence = gauge("peregrine.run.since.last.event", "seconds", "Time since the last event of a running run");
        this.classes = gauge(
                "peregrine.class.rows",
                null,
                "Training rows of each class of the last balanced set, real and synthetic");
        this.classesOmitted = gauge(
                "peregrine.classes.omitted",
                null,
                "Classes omitted from peregrine_class_rows, which has the largest 200");
        this.clustersOmitted = gauge(
                "peregrine.clusters.omitted",
                null,
                "Clusters omitted from peregrine_cluster_size and peregrine_cluster_purity_ratio, which have the"
                        + " largest 200");
        this.iterations = gauge("peregrine.kmeans.iterations", null, "Iterations of the last k-means");
        this.inertia =
                gauge("peregrine.kmeans.inertia", null, "Sum of squared distances to the centres, of the last k-means");
        this.sizes = gauge("peregrine.cluster.size", null, "Images of each of the last computed clusters, by name");
        this.purities = gauge(
                "peregrine.cluster.purity", "ratio", "Share of each cluster's most frequent class, by cluster name");
        this.nmi = gauge(
                "peregrine.cluster.nmi",
                "ratio",
                "Normalised mutual information of the last clusters with the classes, by split");
        this.measures = gauge(
                "peregrine.cluster.measure",
                null,
                "Other measures of the last clusters, by split: 1 is best, ari and silhouette go down to -1");
    }

    private MultiGauge gauge(String name, String unit, String description) {
        return MultiGauge.builder(name).baseUnit(unit).description(description).register(registry);
    }

    void start(@Observes StartupEvent start) {
        clock = new PeriodicTasks("cluster-meters")
                .repeat("measure clusters", Duration.ofSeconds(1), PAUSE, this::measure);
    }

    void stop(@Observes ShutdownEvent stop) {
        clock.close();
    }

    /// While the database is unavailable, the last values remain.
    private void measure() {
        List<MultiGauge.Row<?>> states = new ArrayList<>();
        queries.states().forEach((state, count) -> states.add(MultiGauge.Row.of(Tags.of("state", state), count)));
        runs.register(states, true);
        update(queries.running());
        update(queries.balanced());
        queries.latest().ifPresentOrElse(this::update, this::clearClusters);
    }

    private void update(List<Running> running) {
        List<MultiGauge.Row<?>> infos = new ArrayList<>();
        List<MultiGauge.Row<?>> silences = new ArrayList<>();
        for (Running run : running) {
            Tags tags = Tags.of("run", run.run(), "dataset", run.dataset());
            infos.add(MultiGauge.Row.of(tags.and("stage", run.stage()), 1));
            silences.add(MultiGauge.Row.of(tags, run.silentSeconds()));
        }
        info.register(infos, true);
        silence.register(silences, true);
    }

    private void update(Balanced balanced) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        for (ClassSize of : balanced.largest()) {
            Tags tags = Tags.of("class", of.label());
            rows.add(MultiGauge.Row.of(tags.and("origin", "real"), of.real()));
            rows.add(MultiGauge.Row.of(tags.and("origin", "synthetic"), of.synthetic()));
        }
        classes.register(rows, true);
        classesOmitted.register(List.of(MultiGauge.Row.of(Tags.empty(), balanced.omitted())), true);
    }

    /// Removes all values after the last run with clusters was deleted.
    private void clearClusters() {
        for (MultiGauge gauge : List.of(iterations, inertia, sizes, purities, clustersOmitted, nmi, measures)) {
            gauge.register(List.of(), true);
        }
    }

    private void update(Latest latest) {
        iterations.register(List.of(MultiGauge.Row.of(Tags.empty(), latest.iterations())), true);
        inertia.register(List.of(MultiGauge.Row.of(Tags.empty(), latest.inertia())), true);
        List<MultiGauge.Row<?>> sizeRows = new ArrayList<>();
        List<MultiGauge.Row<?>> purityRows = new ArrayList<>();
        latest.largest().forEach((name, cluster) -> {
            sizeRows.add(MultiGauge.Row.of(Tags.of("cluster", name), cluster.size()));
            if (cluster.purity() != null) {
                purityRows.add(MultiGauge.Row.of(Tags.of("cluster", name), cluster.purity()));
            }
        });
        sizes.register(sizeRows, true);
        purities.register(purityRows, true);
        clustersOmitted.register(List.of(MultiGauge.Row.of(Tags.empty(), latest.omitted())), true);
        List<MultiGauge.Row<?>> nmiRows = new ArrayList<>();
        List<MultiGauge.Row<?>> measureRows = new ArrayList<>();
        latest.measures().forEach((name, value) -> {
            int dot = name.indexOf('.');
            String measure = name.substring(0, dot);
            Tags split = Tags.of("split", name.substring(dot + 1));
            if (measure.equals("nmi")) {
                nmiRows.add(MultiGauge.Row.of(split, value));
            } else if (!measure.equals("distinct")) {
                // The number of distinct latents is a count; the other measures have 1 as their best value.
                measureRows.add(MultiGauge.Row.of(split.and("measure", measure), value));
            }
        });
        nmi.register(nmiRows, true);
        measures.register(measureRows, true);
    }
}
