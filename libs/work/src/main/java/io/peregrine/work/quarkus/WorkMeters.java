package io.peregrine.work.quarkus;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.peregrine.events.CloudEvent;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.jobs.JobOutcomes;
import io.peregrine.work.jobs.JobStoppedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// Metrics of jobs, inbox, outbox and quarantine, the same in every service. Values read from tables are the same
/// on every replica.
final class WorkMeters {
    private static final List<String> STATES = List.of("queued", "running", "done", "failed", "cancelled");

    private final MeterRegistry registry;
    private final Database database;
    private final Set<String> kinds = ConcurrentHashMap.newKeySet();
    private final MultiGauge depth;
    private final MultiGauge age;
    private final MultiGauge longestWait;
    private volatile double quarantined;
    private volatile double setAside;
    private volatile double quarantinedBytes;
    private volatile double unsent;
    private volatile double unsentSeconds;

    private record Queue(String kind, String state, long jobs, double oldestSeconds, double longestWait) {
        boolean isOpen() {
            return state.equals("queued") || state.equals("running");
        }

        Tags tags() {
            return Tags.of("kind", kind, "state", state);
        }
    }

    private record Outbox(long events, double oldestSeconds) {}

    WorkMeters(MeterRegistry registry, Database database) {
        this.registry = registry;
        this.database = database;
        this.depth = MultiGauge.builder("peregrine.job.queue.depth")
                .description("Jobs by kind and state")
                .register(registry);
        this.age = MultiGauge.builder("peregrine.job.oldest.age")
                .baseUnit("seconds")
                .description("Age of the oldest open job by kind and state, 0 if none is open")
                .register(registry);
        this.longestWait = MultiGauge.builder("peregrine.job.longest.wait")
                .baseUnit("seconds")
                .description("Longest time that a queued job has waited for a worker, 0 if none waits")
                .register(registry);
        Gauge.builder("peregrine.quarantine.records", () -> quarantined)
                .description("Records that could not be handled and are kept for inspection")
                .register(registry);
        Gauge.builder("peregrine.outbox.set.aside.events", () -> setAside)
                .description("Events that cannot be sent and were set aside with their errors")
                .register(registry);
        Gauge.builder("peregrine.quarantine", () -> quarantinedBytes)
                .baseUnit("bytes")
                .description("Bytes of quarantined records: values and headers")
                .register(registry);
        Gauge.builder("peregrine.outbox.unsent.events", () -> unsent)
                .description("Events in the outbox that are not sent yet")
                .register(registry);
        Gauge.builder("peregrine.outbox.oldest.age", () -> unsentSeconds)
                .baseUnit("seconds")
                .description("Age of the oldest event that is not sent yet, 0 if all are sent")
                .register(registry);
        Gauge.builder("process.resident.memory", WorkMeters::residentBytes)
                .baseUnit("bytes")
                .description(
                        "Resident memory of this process, including tensors and mapped packs, which JVM metrics omit")
                .register(registry);
    }

    /// @return `VmRSS` of `/proc`; NaN if there is no `/proc`
    private static double residentBytes() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToDouble(line -> 1024.0 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException | UncheckedIOException notLinux) {
            return Double.NaN;
        }
    }

    /// @return the handler with its claims counted and timed
    JobHandler metered(JobHandler handler) {
        return new MeteredHandler(handler);
    }

    void received(CloudEvent event) {
        Tags tags = Tags.of("topic", event.data().topic(), "type", event.type());
        Counter.builder("peregrine.events.received")
                .description("Events received for the first time")
                .tags(tags)
                .register(registry)
                .increment();
        Duration waited = Duration.between(event.time(), Instant.now());
        Timer.builder("peregrine.event.age")
                .description("Time from publishing an event to receiving it")
                .tags(tags)
                .register(registry)
                .record(waited.isNegative() ? Duration.ZERO : waited);
    }

    /// Reads the tables. While the database is unavailable the last values are kept.
    void measure() {
        List<MultiGauge.Row<?>> depths = new ArrayList<>();
        List<MultiGauge.Row<?>> ages = new ArrayList<>();
        List<MultiGauge.Row<?>> waits = new ArrayList<>();
        for (Queue queue : queues()) {
            depths.add(MultiGauge.Row.of(queue.tags(), queue.jobs()));
            if (queue.state().equals("queued")) {
                waits.add(MultiGauge.Row.of(Tags.of("kind", queue.kind()), queue.longestWait()));
            }
            if (queue.isOpen()) {
                ages.add(MultiGauge.Row.of(queue.tags(), queue.oldestSeconds()));
            }
        }
        depth.register(depths, true);
        longestWait.register(waits, true);
        age.register(ages, true);
        Outbox outbox = outbox();
        unsent = outbox.events();
        unsentSeconds = outbox.oldestSeconds();
        setAside = database.jdbi()
                .withHandle(sql -> sql.createQuery("select count(*) from outbox where set_aside_at is not null")
                        .mapTo(Long.class)
                        .one());
        measureQuarantine();
    }

    private void measureQuarantine() {
        database.jdbi()
                .useHandle(sql -> sql.createQuery(
                                "select count(*) as records, coalesce(sum(size), 0) as bytes from quarantine")
                        .map((row, context) -> {
                            quarantined = row.getLong("records");
                            return quarantinedBytes = row.getLong("bytes");
                        })
                        .one());
    }

    /// Returns every kind of job of this service in every state. If a gauge appeared only with its first failed
    /// job, `delta` would miss that failure.
    private Iterable<Queue> queues() {
        Map<Tags, Queue> queues = new LinkedHashMap<>();
        for (String kind : kinds) {
            for (String state : STATES) {
                Queue none = new Queue(kind, state, 0, 0, 0);
                queues.put(none.tags(), none);
            }
        }
        database.jdbi()
                .useHandle(sql -> sql.createQuery("""
                        select kind, state, count(*) as jobs,
                            greatest(0, extract(epoch from now() - min(created_at))) as oldest,
                            coalesce(greatest(0, extract(epoch from now() - min(not_before)
                                filter (where state = 'queued'))), 0) as waits
                        from job group by kind, state""")
                        .map((row, context) -> new Queue(
                                row.getString("kind"),
                                row.getString("state"),
                                row.getLong("jobs"),
                                row.getDouble("oldest"),
                                row.getDouble("waits")))
                        .forEach(queue -> queues.put(queue.tags(), queue)));
        return queues.values();
    }

    private Outbox outbox() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select count(*) as events,
                            coalesce(greatest(0, extract(epoch from now() - min(created_at))), 0) as oldest
                        from outbox where sent_at is null and set_aside_at is null""")
                        .map((row, context) -> new Outbox(row.getLong("events"), row.getDouble("oldest")))
                        .one());
    }

    private final class MeteredHandler implements JobHandler {
        private final JobHandler handler;

        MeteredHandler(JobHandler handler) {
            this.handler = handler;
            kinds.add(handler.kind());
            // Register at the start: `increase` does not see a counter's first value.
            waited();
            preempted();
            crashes();
            failures();
        }

        @Override
        public String kind() {
            return handler.kind();
        }

        @Override
        public String home() {
            return handler.home();
        }

        @Override
        public void work(JobContext job) throws Exception {
            waited().record(Duration.ofNanos((long) (1e9 * job.claim().waited())));
            if (job.claim().crashed()) {
                crashes().increment();
            }
            long began = System.nanoTime();
            try {
                handler.work(job);
            } catch (Throwable error) {
                if (error instanceof JobStoppedException stopped
                        && stopped.reason() == JobStoppedException.Reason.YIELDED) {
                    preempted().increment();
                }
                if (JobOutcomes.isFailure(error)) {
                    failures().increment();
                }
                throw error;
            } finally {
                Timer.builder("peregrine.job")
                        .description("Time that a worker spent on a job, from claim to end, for every outcome")
                        .tags("kind", kind(), "outcome", job.isDone() ? "done" : "undone")
                        .register(registry)
                        .record(Duration.ofNanos(System.nanoTime() - began));
            }
        }

        private Timer waited() {
            return Timer.builder("peregrine.job.wait")
                    .description("Time from when a job became claimable to its claim")
                    .tags("kind", kind())
                    .register(registry);
        }

        private Counter preempted() {
            return Counter.builder("peregrine.job.gave.way")
                    .description("Jobs that were preempted in favor of another run")
                    .tags("kind", kind())
                    .register(registry);
        }

        private Counter crashes() {
            return Counter.builder("peregrine.job.crashes")
                    .description("Claims of jobs whose previous worker crashed or stalled: its lease expired")
                    .tags("kind", kind())
                    .register(registry);
        }

        private Counter failures() {
            return Counter.builder("peregrine.job.failures")
                    .description("Exceptions of jobs, not counting invalid input and unavailable resources")
                    .tags("kind", kind())
                    .register(registry);
        }
    }
}
