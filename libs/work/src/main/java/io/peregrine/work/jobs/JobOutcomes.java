package io.peregrine.work.jobs;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.Stage;
import java.time.Duration;
import java.util.List;
import org.jboss.logging.Logger;

/// Decides what becomes of a job that did not complete, and writes it: the job is requeued or cancelled, or it
/// fails and with it the run.
public final class JobOutcomes {
    /// Claims of a job that end without a result and without durable progress in between. Machines disappear and
    /// processes are killed for reasons outside the job: five such deaths lose nothing, even if they always hit
    /// the same piece of work.
    static final int MAX_CRASHES = 6;

    private static final Logger LOG = Logger.getLogger(JobOutcomes.class);
    /// Exceptions of a job without durable progress in between. The last one fails its run.
    private static final int MAX_FAILURES = 3;

    private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);

    private final Stage stage;
    private final Jobs jobs;
    private final FencedWrites writes;

    /// @param stage reported as the failed stage when a run fails
    JobOutcomes(Stage stage, Jobs jobs, FencedWrites writes) {
        this.stage = stage;
        this.jobs = jobs;
        this.writes = writes;
    }

    /// Fails a job in which the process died [#MAX_CRASHES] times. There is no exception to report.
    void crashed(Jobs.Claim claim) {
        String error = jobs.error(claim.job()).orElse("The service died %d times in this job".formatted(MAX_CRASHES));
        fail(claim, FailureKind.INTERNAL, "CRASHED", error);
    }

    /// Ends a claim whose job was told to stop.
    void stopped(Job job, JobStoppedException stopped) {
        LOG.infof(
                "Job stopped run=%s kind=%s key=%s reason=%s", job.run().id(), job.kind(), job.key(), stopped.reason());
        switch (stopped.reason()) {
            case RUN_ENDED -> jobs.cancel(job);
            case YIELDED -> jobs.requeuePreempted(job);
            // After LEASE_LOST another worker may own the job; then this changes nothing. Otherwise the database was
            // unavailable for long.
            case SERVICE_STOPS, LEASE_LOST -> jobs.requeue(job);
        }
    }

    /// Ends a claim whose handler has thrown an exception.
    void failed(Jobs.Claim claim, Throwable error) {
        Job job = claim.job();
        String where = "run=%s kind=%s key=%s".formatted(job.run().id(), job.kind(), job.key());
        FailureException failure = failureOf(error);
        int failures = job.failures() + 1;
        if (failure != null && failure.kind() == FailureKind.INPUT) {
            LOG.infof("Invalid input %s: %s %s", where, failure.code(), failure.getMessage());
            fail(claim, FailureKind.INPUT, failure.code(), failure.getMessage());
        } else if (!isFailure(error)) {
            Duration pause = backoff(jobs.countWaits(job));
            LOG.warnf("Resource unavailable, retrying in %d ms %s: %s", pause.toMillis(), where, error.getMessage());
            String resource = failure == null ? error.toString() : failure.code() + ": " + failure.getMessage();
            jobs.requeueWaiting(job, pause, resource);
        } else if (failures < MAX_FAILURES) {
            LOG.errorf(error, "Job failed, retrying %s failures=%d of=%d", where, failures, MAX_FAILURES);
            jobs.requeueFailed(job, backoff(failures), error.toString());
        } else {
            LOG.errorf(error, "Job failed permanently %s", where);
            String code = failure != null ? failure.code() : error.getClass().getSimpleName();
            fail(claim, FailureKind.INTERNAL, code, String.valueOf(error.getMessage()));
        }
    }

    private void fail(Jobs.Claim claim, FailureKind kind, String code, String message) {
        Job job = claim.job();
        writes.fail(
                claim,
                code + ": " + message,
                tx -> tx.publish(new RunFailed(job.run(), stage, kind, code, message, List.of()), "failed"));
    }

    /// @return the error as a failure, or null if it has no failure kind
    private static FailureException failureOf(Throwable error) {
        return error instanceof FailureException failure
                ? failure
                : Safetensors.truncated(error).orElse(null);
    }

    /// @return whether the error counts as a failure of the job: not an invalid input, an unavailable resource or
    ///     a stop
    public static boolean isFailure(Throwable error) {
        FailureException failure = failureOf(error);
        boolean counts = failure == null || failure.kind() == FailureKind.INTERNAL;
        return counts && !(error instanceof JobStoppedException) && !Database.isTransient(error);
    }

    /// @return how long to wait after that many tries in a row
    static Duration backoff(int tries) {
        Duration pause = Duration.ofMillis(250L << Math.min(tries, 10));
        return pause.compareTo(MAX_BACKOFF) < 0 ? pause : MAX_BACKOFF;
    }
}
