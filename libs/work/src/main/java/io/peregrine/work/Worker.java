package io.peregrine.work;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.RunFailed;
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
    /// Exceptions of a job without durable progress in between. The last one fails its run.
    private static final int MAX_FAILURES = 3;
    /// Claims of a job that end without a result and without durable progress in between. Machines disappear and
    /// processes are killed for reasons outside the job: five such deaths lose nothing, even if they always hit
    /// the same piece of work.
    static final int MAX_CRASHES = 6;

    private static final Duration POLL_INTERVAL = Duration.ofMillis(250);
    private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);

    private final Stage stage;
    private final Jobs jobs;
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
    public Worker(
            Database database, String name, Stage stage, Duration lease, Collection<? extends JobHandler> handlers) {
        this(database, name, stage, lease, FairShare.DEFAULT_QUANTUM, handlers);
    }

    /// @param turn how much work of one run is a turn: runs that have received equally many turns are served in
    ///     the order of their arrival
    Worker(
            Database database,
            String name,
            Stage stage,
            Duration lease,
            Duration turn,
            Collection<? extends JobHandler> handlers) {
        this(database, name, stage, lease, turn, handlers, System::nanoTime);
    }

    /// @param turn as above
    /// @param clock as [System#nanoTime]; times progress reports, time slices and lease expiry
    Worker(
            Database database,
            String name,
            Stage stage,
            Duration lease,
            Duration turn,
            Collection<? extends JobHandler> handlers,
            LongSupplier clock) {
        this.stage = stage;
        this.clock = clock;
        this.handlers = handlers.stream().collect(Collectors.toUnmodifiableMap(JobHandler::kind, h -> h));
        String home = handlers.stream()
                .map(JobHandler::home)
                .filter(place -> !place.isEmpty())
                .findFirst()
                .orElse("");
        this.jobs = new Jobs(database, stage, name, lease, new FairShare(this.handlers.keySet(), home, turn));
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
    boolean isAlive() {
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
    void cancelAbandoned() {
        jobs.cancelAbandoned();
    }

    /// Publishes `stage.queued` for the runs that have waited long for a worker or a resource.
    void publishWaiting() {
        jobs.publishWaiting();
    }

    private void run(Jobs.Claim claim) {
        Job job = claim.job();
        if (job.crashes() >= MAX_CRASHES) {
            // The process died each time, so there is no exception to report.
            String error = jobs.error(job).orElse("The service died %d times in this job".formatted(MAX_CRASHES));
            fail(claim, FailureKind.INTERNAL, "CRASHED", error);
            return;
        }
        JobContext context = new JobContext(jobs, claim, clock);
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
            writeWithRetry(() -> stopped(job, stopped));
        } catch (Throwable error) {
            writeWithRetry(() -> failed(context, error));
        } finally {
            running.remove(context);
            served.merge(job.run().id(), context.served(), Double::sum);
        }
    }

    /// Writes how a claim ended. Retries while the database is unavailable or refuses: otherwise the job would
    /// stay claimed until its lease expires, and its next claim would count as a crash.
    private void writeWithRetry(Runnable end) {
        for (int tries = 0; ; tries++) {
            try {
                end.run();
                return;
            } catch (RuntimeException refused) {
                if (stopping || !Database.isTransient(refused)) {
                    throw refused;
                }
                LOG.warnf("Cannot write the end of a job, retrying: %s", refused);
                awaitWork(pause(Math.min(tries, 3)));
            }
        }
    }

    private void work(JobContext context) throws Exception {
        String kind = context.job().kind();
        context.run(handlers.get(kind));
        if (!context.isDone()) {
            throw FailureException.internal(
                    "JOB_LEFT_UNDONE", "Handler of job kind %s returned without complete()".formatted(kind), null);
        }
    }

    private void stopped(Job job, JobStoppedException stopped) {
        LOG.infof(
                "Job stopped run=%s kind=%s key=%s reason=%s", job.run().id(), job.kind(), job.key(), stopped.reason());
        switch (stopped.reason()) {
            case SERVICE_STOPS -> jobs.release(job, false, false, Duration.ZERO, null);
            case RUN_ENDED -> jobs.cancel(job);
            case YIELDED -> jobs.yieldTo(job);
            // Another worker may own the job by now; then this changes nothing. Otherwise the database was
            // unavailable for long.
            case LEASE_LOST -> jobs.release(job, false, false, Duration.ZERO, null);
        }
    }

    private void failed(JobContext context, Throwable error) {
        Jobs.Claim claim = context.claim();
        Job job = claim.job();
        String where = "run=%s kind=%s key=%s".formatted(job.run().id(), job.kind(), job.key());
        FailureException failure = failureOf(error);
        int failures = job.failures() + 1;
        if (failure != null && failure.kind() == FailureKind.INPUT) {
            LOG.infof("Invalid input %s: %s %s", where, failure.code(), failure.getMessage());
            fail(claim, FailureKind.INPUT, failure.code(), failure.getMessage());
        } else if (!isFailure(error)) {
            Duration pause = pause(jobs.countWaits(job));
            LOG.warnf("Resource unavailable, retrying in %d ms %s: %s", pause.toMillis(), where, error.getMessage());
            jobs.release(
                    job,
                    false,
                    true,
                    pause,
                    failure == null ? error.toString() : failure.code() + ": " + failure.getMessage());
        } else if (failures < MAX_FAILURES) {
            LOG.errorf(error, "Job failed, retrying %s failures=%d of=%d", where, failures, MAX_FAILURES);
            jobs.release(job, true, false, pause(failures), error.toString());
        } else {
            LOG.errorf(error, "Job failed permanently %s", where);
            String code = failure != null ? failure.code() : error.getClass().getSimpleName();
            fail(claim, FailureKind.INTERNAL, code, String.valueOf(error.getMessage()));
        }
    }

    /// @return the error as a failure, or null if it has no failure kind
    private static FailureException failureOf(Throwable error) {
        return error instanceof FailureException failure
                ? failure
                : Safetensors.truncated(error).orElse(null);
    }

    /// @return whether the error counts as a failure of the job: not an invalid input, an unavailable resource or
    ///     a stop
    static boolean isFailure(Throwable error) {
        FailureException failure = failureOf(error);
        boolean counts = failure == null || failure.kind() == FailureKind.INTERNAL;
        return counts && !(error instanceof JobStoppedException) && !Database.isTransient(error);
    }

    private void fail(Jobs.Claim claim, FailureKind kind, String code, String message) {
        Job job = claim.job();
        jobs.fail(
                claim,
                code + ": " + message,
                tx -> tx.publish(new RunFailed(job.run(), stage, kind, code, message, List.of()), "failed"));
    }

    private static Duration pause(int tries) {
        Duration pause = Duration.ofMillis(250L << Math.min(tries, 10));
        return pause.compareTo(MAX_BACKOFF) < 0 ? pause : MAX_BACKOFF;
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
