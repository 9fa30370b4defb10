package io.peregrine.work.jobs;

import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.StageProgressed;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// A claimed job, as its handler sees it. Every write checks the fencing token: after the claim is lost the job
/// publishes nothing.
public final class JobContext implements ArtifactPublisher {
    private static final long PROGRESS_NANOS = 2_000_000_000L;

    private final FencedWrites writes;
    private final JobArtifacts artifacts;
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
    JobContext(FencedWrites writes, JobArtifacts artifacts, Jobs.Claim claim, LongSupplier clock) {
        this.writes = writes;
        this.artifacts = artifacts;
        this.claim = claim;
        this.clock = clock;
        this.claimed = clock.getAsLong();
        this.servedTo = claimed;
        this.lastProgress = claimed - PROGRESS_NANOS;
    }

    public Job job() {
        return claim.job();
    }

    /// Call this for each image, tile and batch; it costs one volatile read.
    ///
    /// @throws JobStoppedException if the run has ended, the lease was lost or the service is stopping
    public void check() {
        JobStoppedException.Reason reason = stopped.get();
        if (reason != null) {
            throw new JobStoppedException(reason, job());
        }
    }

    /// Records that the job's run references an artifact of this service that is already in the store. From then
    /// on the artifact is not pruned. Call this before relying on the artifact. [#publish] does it for the
    /// artifacts that the job publishes.
    ///
    /// @throws JobStoppedException if the run has ended or the claim was lost
    /// @throws io.peregrine.events.FailureException RESOURCE `ARTIFACT_BEING_DELETED` if the artifact is being
    ///     pruned
    public void reference(ArtifactRef ref) {
        writes.reference(claim, ref);
    }

    /// Removes all artifact references that this claim and earlier claims of the job recorded, except the given
    /// ones. References of the run's other jobs are kept.
    ///
    /// @param tx of [#checkpoint] or [#complete]
    /// @param uris names of the artifacts to retain
    /// @return whether references were removed: their artifacts may be deleted after the commit
    public boolean retainOnly(Transaction tx, Collection<String> uris) {
        return ArtifactReferences.retainOnly(tx.sql(), job().run().id(), job().id(), uris);
    }

    /// Publishes an artifact of the job. Two short transactions are committed, whatever becomes of the job:
    /// before the artifact gets its name, that the job's run references it; afterwards, that it is in the store.
    /// So at any moment a file that no table contains is unreferenced and may be pruned.
    ///
    /// Do not call this inside a transaction.
    ///
    /// @throws JobStoppedException as [#reference]; then nothing was published
    /// @throws io.peregrine.events.FailureException as [ArtifactPublisher#publish]; RESOURCE
    ///     `ARTIFACT_BEING_DELETED` if an artifact with this content is being pruned
    @Override
    public ArtifactRef publish(String kind, String extension, Content content) {
        ArtifactRef ref = artifacts.publish(kind, extension, content, this::reference);
        writes.published(ref);
        return ref;
    }

    /// Makes progress durable: the job's next claim receives `state`. Resets the counts of crashes and failures.
    /// Also allowed while the service is stopping, so that finished work is not repeated.
    ///
    /// @param facts writes rows, jobs and events in the same transaction
    /// @throws JobStoppedException if the claim was lost; then nothing was written
    public void checkpoint(byte[] state, Consumer<Transaction> facts) {
        ensureOwned();
        writes.checkpoint(claim, state, facts);
    }

    /// Whether to let another run have its turn. Only a job that can resume at once from its last [#checkpoint]
    /// may call this: it checkpoints and throws the exception that [#yielded] returns. Call it after each piece
    /// of work, never before the first, so that a preempted job has made progress.
    ///
    /// @param slice how long the job may run while another run waits
    /// @return whether the job has run for that long and another run comes first; detected within a second
    public boolean shouldYield(Duration slice) {
        isPreemptible = true;
        return otherRunFirst && clock.getAsLong() - claimed >= slice.toNanos();
    }

    /// @return the exception to throw: the job is requeued without counting as a failure and resumes at its run's
    ///     next turn
    public JobStoppedException yielded() {
        return new JobStoppedException(JobStoppedException.Reason.YIELDED, job());
    }

    boolean isPreemptible() {
        return isPreemptible;
    }

    void setOtherRunFirst(boolean isFirst) {
        otherRunFirst = isFirst;
    }

    /// @return seconds of work since the last call
    synchronized double served() {
        long now = clock.getAsLong();
        double seconds = (now - servedTo) / 1e9;
        servedTo = now;
        return seconds;
    }

    /// Publishes the job's progress, at most once in two seconds. In between the supplier is not called.
    public void progress(Supplier<StageProgressed> event) {
        check();
        long now = clock.getAsLong();
        if (now - lastProgress < PROGRESS_NANOS) {
            return;
        }
        lastProgress = now;
        StageProgressed report = event.get();
        // The fencing token distinguishes the reports of several claims, so that they are not taken for repeats.
        String ordinal = "%d/%d/%d".formatted(job().id(), job().fence(), progressOrdinal++);
        writes.emitIfOwned(claim, tx -> tx.publish(report, ordinal));
    }

    /// The job's last transaction: marks it done and publishes its events. Also allowed while the service is
    /// stopping.
    ///
    /// @throws JobStoppedException if the claim was lost; then nothing was written
    public void complete(Consumer<Transaction> facts) {
        ensureOwned();
        writes.complete(claim, facts);
        complete = true;
    }

    /// Records what a job waits for while it keeps its claim. The next [#checkpoint] or [#complete] clears it.
    public void waitingFor(String reason) {
        try {
            writes.recordWait(claim, reason);
        } catch (RuntimeException unavailable) {
            // Informational only: the job keeps waiting.
        }
    }

    private void ensureOwned() {
        JobStoppedException.Reason reason = stopped.get();
        if (reason != null && reason != JobStoppedException.Reason.SERVICE_STOPS) {
            throw new JobStoppedException(reason, job());
        }
    }

    public boolean isDone() {
        return complete;
    }

    void stop(JobStoppedException.Reason reason) {
        stopped.compareAndSet(null, reason);
    }

    public Jobs.Claim claim() {
        return claim;
    }
}
