package io.peregrine.work;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.StageProgressed;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// A claimed job in its handler's hands. Every write is fenced: after the claim is lost nothing more is
/// published.
public final class JobContext {
    private static final long PROGRESS_NANOS = 2_000_000_000L;

    private static final ScopedValue<JobContext> CURRENT = ScopedValue.newInstance();

    private final Jobs jobs;
    private final Jobs.Claim claim;
    private final LongSupplier clock;
    private final AtomicReference<JobStoppedException.Reason> stopped = new AtomicReference<>();
    private long progressOrdinal;
    private long lastProgress;
    private final long claimed;
    private long servedTo;
    private volatile boolean isPreemptible;
    private volatile boolean otherRunFirst;
    private boolean complete;

    /// @param clock as [System#nanoTime]
    JobContext(Jobs jobs, Jobs.Claim claim, LongSupplier clock) {
        this.jobs = jobs;
        this.claim = claim;
        this.clock = clock;
        this.claimed = clock.getAsLong();
        this.servedTo = claimed;
        this.lastProgress = claimed - PROGRESS_NANOS;
    }

    public Job job() {
        return claim.job();
    }

    /// To be called at each image, tile and batch; costs one volatile read.
    ///
    /// @throws JobStopped when the run has ended, the lease was lost or the service stops
    public void check() {
        JobStoppedException.Reason reason = stopped.get();
        if (reason != null) {
            throw new JobStoppedException(reason, job());
        }
    }

    /// Notes that the job's run needs an artifact of this service's that lies in the store
    /// already, before that is relied upon: from now on it is not pruned. What the job publishes
    /// is noted by [ReferenceTrackingStore].
    ///
    /// @throws JobStopped if the run has ended or the claim no longer stands
    /// @throws io.peregrine.events.Failure RESOURCE `ARTIFACT_LEAVES`, if it is just being pruned
    public void reference(ArtifactRef ref) {
        jobs.reference(claim, ref);
    }

    /// Of all artifacts that were noted for this job, by this claim and those before, the run
    /// needs these alone from now on. What was noted for the run's other jobs stands.
    ///
    /// @param tx of [#checkpoint] or [#complete]
    /// @param uris names of artifacts
    /// @return whether others were given up: they may be deleted once the transaction is through
    public boolean retainOnly(Transaction tx, Collection<String> uris) {
        return ArtifactReferences.retainOnly(tx.sql(), job().run().id(), job().id(), uris);
    }

    void published(ArtifactRef ref) {
        jobs.published(ref);
    }

    /// @return the job that this thread is at, if it is at any
    static Optional<JobContext> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    /// Has a handler do the job.
    void run(JobHandler handler) throws Exception {
        ScopedValue.where(CURRENT, this).call(() -> {
            handler.work(this);
            return null;
        });
    }

    /// Makes progress durable: the job's next claim finds `state`. The counts of crashes and failures begin
    /// again. Also while the service stops: what was reached is not to be reached again.
    ///
    /// @param facts rows, jobs and events of the same transaction
    /// @throws JobStopped if the claim no longer stands; then nothing was written
    public void checkpoint(byte[] state, Consumer<Transaction> facts) {
        ensureOwned();
        jobs.commitStep(claim, state, false, facts);
    }

    /// Whether it is time to let another run have its turn. Who asks this can go on at once from what
    /// [#checkpoint] keeps: it saves, and throws what [#yielded] returns. To be asked after each piece of work,
    /// never before the first: a job that gives way shall have got further.
    ///
    /// @param slice for how long the job may be at work while another run waits
    /// @return whether it has been for so long, and another run waits whose turn comes before; known within a
    ///     second
    public boolean shouldYield(Duration slice) {
        isPreemptible = true;
        return otherRunFirst && clock.getAsLong() - claimed >= slice.toNanos();
    }

    /// @return to be thrown: the job is given back uncounted, and goes on when its run's turn comes again
    public JobStoppedException yielded() {
        return new JobStoppedException(JobStoppedException.Reason.YIELDED, job());
    }

    boolean isPreemptible() {
        return isPreemptible;
    }

    void otherRunFirst(boolean isAnother) {
        otherRunFirst = isAnother;
    }

    /// @return seconds of work since this was asked last
    synchronized double served() {
        long now = clock.getAsLong();
        double seconds = (now - servedTo) / 1e9;
        servedTo = now;
        return seconds;
    }

    /// Says how far the job is, at most once in two seconds; in between it is not even asked for.
    public void progress(Supplier<StageProgressed> event) {
        check();
        long now = clock.getAsLong();
        if (now - lastProgress < PROGRESS_NANOS) {
            return;
        }
        lastProgress = now;
        StageProgressed said = event.get();
        // The fence tells the reports of several claims apart: they are not repeats of each other.
        String ordinal = "%d/%d/%d".formatted(job().id(), job().fence(), progressOrdinal++);
        jobs.emitIfOwned(claim, tx -> tx.publish(said, ordinal));
    }

    /// The job's last transaction: it is done, and its events lie in the outbox. Also while the service stops.
    ///
    /// @throws JobStopped if the claim no longer stands; then nothing was written
    public void complete(Consumer<Transaction> facts) {
        ensureOwned();
        jobs.commitStep(claim, null, true, facts);
        complete = true;
    }

    /// Notes what a job waits for that keeps its claim meanwhile. The next [#checkpoint] or [#complete] clears
    /// it.
    public void waitingFor(String reason) {
        try {
            jobs.waitingFor(claim, reason);
        } catch (RuntimeException away) {
            // It only informs: the job waits on.
        }
    }

    private void ensureOwned() {
        JobStoppedException.Reason reason = stopped.get();
        if (reason != null && reason != JobStoppedException.Reason.SERVICE_STOPS) {
            throw new JobStoppedException(reason, job());
        }
    }

    boolean isDone() {
        return complete;
    }

    void stop(JobStoppedException.Reason reason) {
        stopped.compareAndSet(null, reason);
    }

    Jobs.Claim claim() {
        return claim;
    }
}
