package io.peregrine.work;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.peregrine.events.CloudEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/// The meters of durable work, the same in every service.
final class WorkMeters {
    private static final Logger LOG = Logger.getLogger(WorkMeters.class);

    private final MeterRegistry registry;
    private final Database database;
    private final MultiGauge depth;
    private final MultiGauge age;
    private final AtomicLong quarantined;
    private final AtomicLong unsent;

    private record Queue(String kind, String state, long jobs, double oldestSeconds) {}

    WorkMeters(MeterRegistry registry, Database database) {
        this.registry = registry;
        this.database = database;
        this.depth = MultiGauge.builder("peregrine.job.queue.depth")
                .description("Jobs by kind and state")
                .register(registry);
        this.age = MultiGauge.builder("peregrine.job.oldest.age")
                .baseUnit("seconds")
                .description("Age of the oldest open job by kind and state")
                .register(registry);
        this.quarantined = registry.gauge("peregrine.quarantine.records", new AtomicLong());
        this.unsent = registry.gauge("peregrine.outbox.unsent.events", new AtomicLong());
    }

    void heard(CloudEvent event) {
        registry.counter("peregrine.events.heard", "type", event.type()).increment();
        Duration waited = Duration.between(event.time(), Instant.now());
        Timer.builder("peregrine.event.age")
                .description("Time from when an event was said to when it was heard")
                .tag("type", event.type())
                .register(registry)
                .record(waited.isNegative() ? Duration.ZERO : waited);
    }

    /// Reads the tables; while the database is away the last values stand.
    void measure() {
        try {
            List<Queue> queues = database.jdbi()
                    .withHandle(sql -> sql.createQuery("""
                            select kind, state, count(*) as jobs,
                                extract(epoch from now() - min(created_at)) as oldest
                            from job group by kind, state""")
                            .map((row, context) -> new Queue(
                                    row.getString("kind"),
                                    row.getString("state"),
                                    row.getLong("jobs"),
                                    row.getDouble("oldest")))
                            .list());
            List<MultiGauge.Row<?>> depths = new ArrayList<>();
            List<MultiGauge.Row<?>> ages = new ArrayList<>();
            for (Queue queue : queues) {
                Tags tags = Tags.of("kind", queue.kind(), "state", queue.state());
                depths.add(MultiGauge.Row.of(tags, queue.jobs()));
                if (queue.state().equals("queued") || queue.state().equals("running")) {
                    ages.add(MultiGauge.Row.of(tags, queue.oldestSeconds()));
                }
            }
            depth.register(depths, true);
            age.register(ages, true);
            quarantined.set(count("select count(*) from quarantine"));
            unsent.set(count("select count(*) from outbox where sent_at is null"));
        } catch (RuntimeException away) {
            LOG.debugf("queues are measured later: %s", away.getMessage());
        }
    }

    private long count(String query) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query).mapTo(Long.class).one());
    }
}
