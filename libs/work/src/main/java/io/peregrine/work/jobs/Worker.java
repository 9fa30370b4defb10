package io.peregrine.work.jobs;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.peregrine.events.FailureException;
import io.peregrine.events.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/// Claims jobs and runs them, one at a time on each of its threads.
///
/// Several workers, in one process or many, share one database. A heartbeat renews the lease of each claim and
/// detects within a second that a run has ended. A worker that was paused past its lease has a stale fencing
/// token and publishes nothing.
public final class Worker implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Worker.class);
    private static final Duration POLL_INTERVAL = Duration.ofMillis(250);

    private final Jobs jobs;
    private final FencedWrites writes;
    private final WaitReports waitReports;
    private final JobOutcomes outcomes;
    private final JobArtifacts artifacts;
    private final LongSupplier clock;
    private final Heartbeat heartbeat;
    private final Map<String, JobHandler> handlers;
    private final Set<JobContext> running = ConcurrentHashMap.newKeySet();
    private final Map<String, Double> served = new ConcurrentHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Object signal = new Object();
    private volatile boolean stopping;

    /// @param name distinguishes workers in the job table
    /// @param stage reported as the failed stage when a run fails
    /// @param lease how long a claim is valid without a heartbeat
    /// @param artifacts where the jobs publish their artifacts
    public Worker(
            Database database,
            String name,
            Stage stage,
            Duration lease,
            JobArtifacts artifacts,
            Collection<? extends JobHandler> handlers) {
        this(database, name, stage, lease, FairShare.DEFAULT_QUANTUM, artifacts, handlers);
    }

    /// @param turn how much work of one run is a turn: runs that have received equally many turns are served in
    ///     the order of their arrival
    public Worker(
            Database database,
            String name,
            Stage stage,
            Duration lease,
            Duration turn,
            JobArtifacts artifacts,
            Collection<? extends JobHandler> handlers) {
        this(database, name, stage, lease, turn, artifacts, handlers, System::nanoTime);
    }

    /// @param turn as above
    /// @param clock as [System#nanoTime]; times progress reports, time slices and lease expiry
    Worker(
            Database database,
            String name,
            Stage stage,
            Duration lease,
            Duration turn,
            JobArtifacts artifacts,
            Collection<? extends JobHandler> handlers,
            LongSupplier clock) {
        this.artifacts = artifacts;
        this.clock = clock;
        this.handlers = handlers.stream().collect(Collectors.toUnmodifiableMap(JobHandler::kind, h -> h));
        String home = handlers.stream()
                .map(JobHandler::home)
                .filter(files -> !files.isEmpty())
                .findFirst()
                .orElse("");
        FairShare turns = new FairShare(this.handlers.keySet(), home, turn);
        this.jobs = new Jobs(database, stage, name, lease, turns);
        this.writes = new FencedWrites(database, lease);
        this.waitReports = new WaitReports(database, stage, turns);
        this.outcomes = new JobOutcomes(stage, jobs, writes);
        this.heartbeat = new Heartbeat(jobs, lease, running, served, () -> stopping && running.isEmpty(), clock);
    }

    /// @param count number of jobs that run at the same time
    public void start(int count) {
        if (handlers.isEmpty()) {
            return;
        }
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofPlatform().name("worker-" + i).start(this::work));
        }
        threads.add(Thread.ofPlatform().name("heartbeat").daemon().start(heartbeat));
    }

    /// Wakes idle threads because there may be a new job.
    public void wake() {
        synchronized (signal) {
            signal.notifyAll();
        }
    }

    /// @return whether all threads are alive
    public boolean isAlive() {
        return threads.stream().allMatch(Thread::isAlive);
    }

    private void work() {
        Set<Class<?>> logged = new HashSet<>();
        while (!stopping) {
            try {
                if (!step()) {
                    awaitWork(POLL_INTERVAL);
                }
                logged.clear();
            } catch (Throwable unexpected) {
                LoopErrors.log(LOG, logged, "Cannot claim or release jobs, retrying", unexpected);
                awaitWork(Duration.ofSeconds(1));
            }
        }
    }

    /// Claims one job and runs it in the calling thread.
    ///
    /// @return whether there was a job to claim
    boolean step() {
        Optional<Jobs.Claim> claim = jobs.claim();
        claim.ifPresent(this::run);
        return claim.isPresent();
    }

    /// Cancels the jobs of ended runs whose workers died.
    public void cancelAbandoned() {
        jobs.cancelAbandoned();
    }

    /// Publishes `stage.queued` for the runs that have waited long for a worker or a resource.
    public void publishWaiting() {
        waitReports.publish();
    }

    private void run(Jobs.Claim claim) {
        Job job = claim.job();
        if (job.crashes() >= JobOutcomes.MAX_CRASHES) {
            outcomes.crashed(claim);
            return;
        }
        JobContext context = new JobContext(writes, artifacts, claim, clock);
        running.add(context);
        try {
            if (stopping) {
                context.stop(JobStoppedException.Reason.SERVICE_STOPS);
            }
            LOG.debugf(
                    "Job started run=%s kind=%s key=%s attempt=%d",
                    job.run().id(), job.kind(), job.key(), job.attempt());
            Traces.within(
                    claim.traceparent(),
                    "job " + job.kind(),
                    SpanKind.INTERNAL,
                    Attributes.builder()
                            .put("peregrine.run", job.run().id())
                            .put("peregrine.job.key", job.key())
                            .put("peregrine.job.attempt", job.attempt())
                            .build(),
                    () -> work(context));
        } catch (JobStoppedException stopped) {
            writeWithRetry(() -> outcomes.stopped(job, stopped));
        } catch (Throwable error) {
            writeWithRetry(() -> outcomes.failed(claim, error));
        } finally {
            running.remove(context);
            served.merge(job.run().id(), context.served(), Double::sum);
        }
    }

    /// Writes how a claim ended. Retries while the database is unavailable or refuses: otherwise the job would
    /// stay claimed until its lease expires, and its next claim would count as a crash.
    private void writeWithRetry(Runnable outcome) {
        for (int tries = 0; ; tries++) {
            try {
                outcome.run();
                return;
            } catch (RuntimeException refused) {
                if (stopping || !Database.isTransient(refused)) {
                    throw refused;
                }
                LOG.warnf("Cannot write the end of a job, retrying: %s", refused);
                awaitWork(JobOutcomes.backoff(Math.min(tries, 3)));
            }
        }
    }

    private void work(JobContext context) throws Exception {
        String kind = context.job().kind();
        handlers.get(kind).work(context);
        if (!context.isDone()) {
            throw FailureException.internal(
                    "JOB_LEFT_UNDONE", "Handler of job kind %s returned without complete()".formatted(kind), null);
        }
    }

    /// Renews the lease of each running job once.
    ///
    /// @param renewed time of each lease's last renewal, by the clock; updated
    void heartbeat(Map<JobContext, Long> renewed) {
        heartbeat.renewLeases(renewed);
    }

    private void awaitWork(Duration pause) {
        synchronized (signal) {
            try {
                if (!stopping) {
                    signal.wait(pause.toMillis());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                stopping = true;
            }
        }
    }

    /// Stops the worker. Running jobs end at their next check and are requeued without counting as failures.
    /// Waits up to ten seconds for them.
    @Override
    public void close() {
        stopping = true;
        running.forEach(context -> context.stop(JobStoppedException.Reason.SERVICE_STOPS));
        wake();
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        for (Thread thread : threads) {
            try {
                thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
