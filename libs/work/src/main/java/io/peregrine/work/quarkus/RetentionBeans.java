package io.peregrine.work.quarkus;

import io.micrometer.core.instrument.MeterRegistry;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.messaging.EventHandler;
import io.peregrine.work.messaging.Inbox;
import io.peregrine.work.messaging.QuarantinedRecords;
import io.peregrine.work.retention.GarbageCollector;
import io.peregrine.work.retention.Retention;
import io.peregrine.work.retention.RetentionConfig;
import io.peregrine.work.retention.RetentionRule;
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

/// Runs a service's retention until the service stops. It has its own thread, so that large deletions delay
/// nothing else.
@ApplicationScoped
class RetentionBeans {
    private final RetentionConfig config;
    private PeriodicTasks tasks;
    private Retention retention;

    RetentionBeans(RetentionConfig config) {
        this.config = config;
    }

    void start(
            @Observes @Priority(10_000) StartupEvent start,
            Database database,
            GarbageCollector collector,
            MeterRegistry registry,
            @All List<RetentionRule> rules) {
        TableMeters meters = new TableMeters(registry, database);
        retention = new Retention(database, Retention.Ages.of(config), rules, meters::removed);
        tasks = new PeriodicTasks("retention");
        every("measure tables", Duration.ofMinutes(1), meters::measure);
        // Bad records may arrive quickly.
        every(
                "trim the quarantine",
                Duration.ofSeconds(10),
                () -> retention.trimQuarantine(
                        config.quarantineRecords(), config.quarantineBytes().asLongValue()));
        every("remove what has expired", Duration.ofHours(1), retention::removeExpired);
        every("complete a pruning that was killed", Duration.ofMinutes(1), collector::finish);
        config.pruneEvery().ifPresent(pause -> every("prune", pause, collector::sweep));
    }

    @Produces
    @Singleton
    QuarantinedRecords quarantine(Database database, Inbox inbox, EventHandler handler) {
        return new QuarantinedRecords(database, inbox, handler);
    }

    private void every(String name, Duration pause, PeriodicTasks.Task work) {
        // Not at the very start, when every service has more urgent work.
        Duration delay = Duration.ofMillis(Math.min(10_000, pause.toMillis()));
        tasks.repeat(name, delay, pause, work);
    }

    void stop(@Observes ShutdownEvent stop) {
        if (tasks != null) {
            retention.stop();
            tasks.close();
        }
    }
}
