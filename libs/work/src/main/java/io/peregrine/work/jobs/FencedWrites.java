package io.peregrine.work.jobs;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.CleanText;
import java.time.Duration;
import java.util.function.Consumer;

/// The writes of running jobs. Each is one transaction, and changes nothing if the fencing token of the claim is
/// stale: another worker may have claimed the job since.
final class FencedWrites {
    static final int ERROR_CHARACTERS = 4_000;

    private final Database database;
    private final Duration lease;

    /// @param lease how long a claim stays valid after a step
    FencedWrites(Database database, Duration lease) {
        this.database = database;
        this.lease = lease;
    }

    /// Commits progress: the job's next claim receives `state`. Renews the lease and resets the counts of
    /// crashes, failures and waits.
    ///
    /// @param facts writes rows, jobs and events in the same transaction
    /// @throws JobStoppedException if the fencing token is stale or the run has ended; then nothing was written
    void checkpoint(Jobs.Claim claim, byte[] state, Consumer<Transaction> facts) {
        commitStep(claim, "running", state, facts);
    }

    /// Commits the end of the job.
    ///
    /// @param facts as for [#checkpoint]
    /// @throws JobStoppedException as for [#checkpoint]
    void complete(Jobs.Claim claim, Consumer<Transaction> facts) {
        commitStep(claim, "done", null, facts);
    }

    private void commitStep(Jobs.Claim claim, String state, byte[] saved, Consumer<Transaction> facts) {
        Job job = claim.job();
        database.useTransaction(claim.cause(), tx -> {
            requireRunInProgress(tx, job);
            boolean owned = tx.sql()
                            .createUpdate("""
                            update job set state = :state, saved = :saved, crashes = 0, failures = 0, waits = 0, waits_since = null, error = null,
                                lease_until = now() + :lease * interval '1 millisecond', updated_at = now()
                            where id = :id and fence = :fence and state = 'running'""")
                            .bind("state", state)
                            .bind("saved", saved)
                            .bind("lease", lease.toMillis())
                            .bind("id", job.id())
                            .bind("fence", job.fence())
                            .execute()
                    == 1;
            if (!owned) {
                throw new JobStoppedException(JobStoppedException.Reason.LEASE_LOST, job);
            }
            facts.accept(tx);
        });
    }

    private static void requireRunInProgress(Transaction tx, Job job) {
        if (tx.hasEnded(job.run().id())) {
            throw new JobStoppedException(JobStoppedException.Reason.RUN_ENDED, job);
        }
    }

    /// Runs `facts` in a transaction if the worker still owns the claim. The job row is not changed.
    void emitIfOwned(Jobs.Claim claim, Consumer<Transaction> facts) {
        database.useTransaction(claim.cause(), tx -> {
            if (isOwned(tx, claim.job())) {
                facts.accept(tx);
            }
        });
    }

    private static boolean isOwned(Transaction tx, Job job) {
        return tx.sql()
                .createQuery("""
                        select exists (select 1 from job where id = :id and fence = :fence and state = 'running')""")
                .bind("id", job.id())
                .bind("fence", job.fence())
                .mapTo(Boolean.class)
                .one();
    }

    /// Records that the job's run references an artifact.
    ///
    /// @throws JobStoppedException if the run has ended or the claim was lost. Another worker may have claimed
    ///     the job and removed the reference
    /// @throws io.peregrine.events.FailureException RESOURCE `ARTIFACT_BEING_DELETED`
    void reference(Jobs.Claim claim, ArtifactRef ref) {
        Job job = claim.job();
        database.useTransaction(claim.cause(), tx -> {
            requireRunInProgress(tx, job);
            if (!isOwned(tx, job)) {
                throw new JobStoppedException(JobStoppedException.Reason.LEASE_LOST, job);
            }
            ArtifactReferences.add(tx.sql(), job.run().id(), job.id(), ref);
        });
    }

    /// Records that an artifact is in the store. This holds for every claim, so the fencing token is not checked.
    void published(ArtifactRef ref) {
        database.useTransaction(null, tx -> ArtifactReferences.published(tx.sql(), ref.uri()));
    }

    /// Records what a running job waits for.
    void recordWait(Jobs.Claim claim, String reason) {
        Job job = claim.job();
        database.useTransaction(
                null,
                tx -> tx.sql()
                        .createUpdate("""
                        update job set error = :error, waits_since = coalesce(waits_since, now()), updated_at = now()
                        where id = :id and fence = :fence and state = 'running'""")
                        .bind("error", reason)
                        .bind("id", job.id())
                        .bind("fence", job.fence())
                        .execute());
    }

    /// Marks the job as failed for good. `facts` publishes the failure in the same transaction.
    void fail(Jobs.Claim claim, String error, Consumer<Transaction> facts) {
        Job job = claim.job();
        database.useTransaction(claim.cause(), tx -> {
            boolean owned = tx.sql()
                            .createUpdate("""
                            update job set state = 'failed', error = :error, updated_at = now()
                            where id = :id and fence = :fence and state = 'running'""")
                            .bind("error", shortened(error))
                            .bind("id", job.id())
                            .bind("fence", job.fence())
                            .execute()
                    == 1;
            if (owned) {
                facts.accept(tx);
            }
        });
    }

    static String shortened(String error) {
        return error == null ? null : CleanText.shortenedWithCount(error, ERROR_CHARACTERS);
    }
}
