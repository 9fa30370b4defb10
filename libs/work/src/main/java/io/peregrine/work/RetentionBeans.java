package io.peregrine.work;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.All;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/// Runs a service's retention for as long as the service runs, on a thread of its own: large deletions delay nothing.
@ApplicationScoped
class RetentionBeans {
    private static final Logger LOG = Logger.getLogger(RetentionBeans.class);

    private final RetentionConfig config;
    private ScheduledExecutorService clock;
    private Retention retention;

    RetentionBeans(RetentionConfig config) {
        this.config = config;
    }

    void start(
            @Observes @Priority(10_000) StartupEvent start,
            Database database,
            Pruning pruning,
            MeterRegistry registry,
            @All List<RetentionRule> rules) {
        TableMeters meters = new TableMeters(registry, database);
        retention = new Retention(database, Retention.Ages.of(config), rules, meters::removed);
        clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("retention").factory());
        every(Duration.ofMinutes(1), meters::measure);
        // Garbage may come in fast.
        every(
                Duration.ofSeconds(10),
                () -> retention.trimQuarantine(
                        config.quarantineRecords(), config.quarantineBytes().asLongValue()));
        every(Duration.ofHours(1), retention::removeExpired);
        config.pruneEvery().ifPresent(pause -> every(pause, pruning::sweep));
    }

    @Produces
    @Singleton
    QuarantinedRecords quarantine(Database database, Inbox inbox, EventHandler handler) {
        return new QuarantinedRecords(database, inbox, handler);
    }

    private void every(Duration pause, Runnable work) {
        // Not at the very start, where every service has more urgent things to do.
        clock.scheduleWithFixedDelay(
                () -> surviving(work), Math.min(10_000, pause.toMillis()), pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// A scheduled task that throws is never run again.
    private static void surviving(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error failed) {
            LOG.warnf("Retention failed, retrying later: %s", failed);
        }
    }

    void stop(@Observes ShutdownEvent stop) {
        if (clock != null) {
            retention.stop();
            clock.shutdownNow();
        }
    }
}
