package io.peregrine.work;

/// A job must not go on: its run has ended, its lease was lost, the service stops, or it gave way to another run.
/// Let it pass.
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
        super("job %d (%s %s of run %s): %s"
                .formatted(job.id(), job.kind(), job.key(), job.run().id(), reason));
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
