package io.peregrine.trainer;

import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.work.jobs.JobContext;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// Waits during a training until a write to disk succeeds. The job is not released, because an epoch may have
/// taken hours and its state is what could not be written.
final class WaitForDisk {
    private static final Logger LOG = Logger.getLogger(WaitForDisk.class);
    private static final Duration INITIAL_BACKOFF = Duration.ofMillis(250);
    private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);
    private static final long CHECK_NANOS = Duration.ofMillis(100).toNanos();

    private WaitForDisk() {}

    /// @param job its lease is renewed during the wait; its error states the cause of the wait
    /// @throws io.peregrine.work.jobs.JobStoppedException if the run has ended, the lease was lost or the service
    ///     stops
    static <T> T until(JobContext job, Supplier<T> write) {
        Duration pause = INITIAL_BACKOFF;
        while (true) {
            try {
                return write.get();
            } catch (FailureException failure) {
                if (failure.kind() != FailureKind.RESOURCE) {
                    throw failure;
                }
                LOG.warnf(
                        "Training waits for disk, retrying in %d ms run=%s network=%s: %s",
                        pause.toMillis(), job.job().run().id(), job.job().key(), failure.getMessage());
                job.waitingFor(failure.code() + ": " + failure.getMessage());
            }
            long until = System.nanoTime() + pause.toNanos();
            while (System.nanoTime() < until) {
                job.check();
                LockSupport.parkNanos(CHECK_NANOS);
            }
            pause = pause.multipliedBy(2).compareTo(MAX_BACKOFF) < 0 ? pause.multipliedBy(2) : MAX_BACKOFF;
        }
    }
}
