package io.peregrine.work.jobs;

/// Signals that a job must stop: its run has ended, its lease was lost, the service is stopping, or the job was
/// preempted. Handlers must not catch it.
@SuppressWarnings("serial")
public final class JobStoppedException extends RuntimeException {
    /// Why a job stops.
    public enum Reason {
        RUN_ENDED,
        LEASE_LOST,
        /// Another run's turn has come.
        YIELDED,
        SERVICE_STOPS
    }

    private final Reason reason;

    JobStoppedException(Reason reason, Job job) {
        super("Job %d (%s %s of run %s) must stop: %s"
                .formatted(job.id(), job.kind(), job.key(), job.run().id(), reason));
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
