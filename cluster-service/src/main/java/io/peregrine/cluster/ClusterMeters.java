package io.peregrine.cluster;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.peregrine.cluster.postgres.MeterQueries;
import io.peregrine.cluster.postgres.MeterQueries.Latest;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/// Meters of runs and clusters, read from the catalogue: the same on every replica and after every start.
///
/// `peregrine_run_info{run,dataset}` is 1 for each run that is running and gone when it ends; the others tell of the
/// clusters that were computed last.
@ApplicationScoped
class ClusterMeters {
    private static final Logger LOG = Logger.getLogger(ClusterMeters.class);
    private static final int SECONDS = 5;

    private final MeterQueries queries;
    private final MultiGauge runs;
    private final MultiGauge iterations;
    private final MultiGauge inertia;
    private final MultiGauge sizes;
    private final MultiGauge nmi;
    private ScheduledExecutorService clock;

    ClusterMeters(MeterQueries queries, MeterRegistry registry) {
        this.queries = queries;
        this.runs = MultiGauge.builder("peregrine.run.info")
                .description("1 for each run that is running")
                .register(registry);
        this.iterations = MultiGauge.builder("peregrine.kmeans.iterations")
                .description("Iterations of the last k-means")
                .register(registry);
        this.inertia = MultiGauge.builder("peregrine.kmeans.inertia")
                .description("Sum of squared distances to the centres, of the last k-means")
                .register(registry);
        this.sizes = MultiGauge.builder("peregrine.cluster.size")
                .description("Pictures of each cluster that was computed last, by its name")
                .register(registry);
        this.nmi = MultiGauge.builder("peregrine.cluster.nmi")
                .baseUnit("ratio")
                .description("Normalised mutual information of the last clusters with the classes, by split")
                .register(registry);
    }

    void start(@Observes StartupEvent start) {
        clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("cluster-meters").factory());
        clock.scheduleWithFixedDelay(this::measure, 1, SECONDS, TimeUnit.SECONDS);
    }

    void stop(@Observes ShutdownEvent stop) {
        clock.shutdownNow();
    }

    /// While the database is away the last values stand.
    private void measure() {
        try {
            runs.register(
                    queries.running().stream()
                            .<MultiGauge.Row<?>>map(
                                    run -> MultiGauge.Row.of(Tags.of("run", run.run(), "dataset", run.dataset()), 1))
                            .toList(),
                    true);
            Optional<Latest> latest = queries.latest();
            if (latest.isPresent()) {
                tell(latest.get());
            }
        } catch (RuntimeException away) {
            LOG.debugf("clusters are measured later: %s", away.getMessage());
        }
    }

    private void tell(Latest latest) {
        iterations.register(List.of(MultiGauge.Row.of(Tags.empty(), latest.iterations())), true);
        inertia.register(List.of(MultiGauge.Row.of(Tags.empty(), latest.inertia())), true);
        List<MultiGauge.Row<?>> clusters = new ArrayList<>();
        latest.sizes().forEach((name, size) -> clusters.add(MultiGauge.Row.of(Tags.of("cluster", name), size)));
        sizes.register(clusters, true);
        List<MultiGauge.Row<?>> ratios = new ArrayList<>();
        latest.nmi().forEach((split, ratio) -> ratios.add(MultiGauge.Row.of(Tags.of("split", split), ratio)));
        nmi.register(ratios, true);
    }
}
