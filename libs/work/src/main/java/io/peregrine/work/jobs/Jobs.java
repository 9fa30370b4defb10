package io.peregrine.work.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/// The job table: claims, leases and what becomes of a claim that ends without a result. All times come from the
/// database, so that clock differences between machines do not matter. [FencedWrites] has the writes of running
/// jobs.
public final class Jobs {
    /// @param cause id of the event that led to the job
    /// @param traceparent trace context of the transaction that added the job, or null
    /// @param crashed whether the previous claim ended without a result
    /// @param waited seconds during which the job could have been claimed
    public record Claim(Job job, String cause, String traceparent, boolean crashed, double waited) {}

    private static final Logger LOG = Logger.getLogger(Jobs.class);

    private final Database database;
    private final Stage stage;
    private final String worker;
    private final Duration lease;
    private final FairShare turns;

    /// @param stage reported as the failed stage of a run whose job row cannot be read
    Jobs(Database database, Stage stage, String worker, Duration lease, FairShare turns) {
        if (lease.compareTo(FairShare.MAX_AHEAD) > 0) {
            throw new IllegalArgumentException("peregrine.work.lease is %s, the maximum is %d minutes. Lower it"
                    .formatted(lease, FairShare.MAX_AHEAD.toMinutes()));
        }
        this.database = database;
        this.stage = stage;
        this.worker = worker;
        this.lease = lease;
        this.turns = turns;
    }

    /// Claims the next job of the run whose turn it is. If its row cannot be read, the job and its run fail.
    /// Otherwise the row would be claimed again and again before all others.
    Optional<Claim> claim() {
        return database.inTransaction(null, tx -> {
            Optional<Claimed> claimed = turns.bind(tx.sql().createQuery("""
                        with next as (%s)
                        update job set state = 'running', fence = fence + 1, crashes = crashes + crashed::int,
                            worker = :worker, lease_until = now() + :lease * interval '1 millisecond', updated_at = now()
                        from next where job.id = next.id
                        returning job.*, crashed, waited""".formatted(FairShare.NEXT)))
                    .bind("worker", worker)
                    .bind("lease", lease.toMillis())
                    .map((row, context) -> claimed(row))
                    .findOne();
            claimed.filter(row -> row.claim() == null).ifPresent(row -> failUnreadable(tx, row));
            return claimed.map(Claimed::claim);
        });
    }

    /// @param claim null if the row cannot be read
    private record Claimed(Claim claim, long id, String run, String error) {}

    private static Claimed claimed(ResultSet row) throws SQLException {
        try {
            return new Claimed(claim(row), row.getLong("id"), row.getString("run"), null);
        } catch (JsonProcessingException | IllegalArgumentException | IllegalStateException e) {
            return new Claimed(null, row.getLong("id"), row.getString("run"), String.valueOf(e.getMessage()));
        }
    }

    private void failUnreadable(Transaction tx, Claimed row) {
        String error = FencedWrites.shortened("JOB_UNREADABLE: " + row.error());
        LOG.errorf("Cannot read job row id=%d run=%s: %s", row.id(), row.run(), error);
        tx.sql()
                .createUpdate("update job set state = 'failed', error = :error, updated_at = now() where id = :id")
                .bind("error", error)
                .bind("id", row.id())
                .execute();
        if (RunRef.isId(row.run())) {
            String detail = "Cannot read row %d of table job of %s-service; the row is kept there with its error"
                    .formatted(row.id(), stage.jsonName());
            tx.publish(
                    new RunFailed(
                            new RunRef(row.run(), "", null),
                            stage,
                            FailureKind.INTERNAL,
                            "JOB_UNREADABLE",
                            detail,
                            List.of()),
                    "JOB_UNREADABLE");
        }
    }

    /// Charges work time to runs.
    ///
    /// @param seconds of work by run
    void chargeWork(Map<String, Double> seconds) {
        database.useTransaction(null, tx -> FairShare.charge(tx.sql(), seconds));
    }

    /// @return whether another run's job would be claimed before this one
    boolean isOtherRunFirst(Job job) {
        return database.jdbi()
                .withHandle(sql -> turns.isOtherRunFirst(sql, job.run().id()));
    }

    static RunRef run(String json) {
        try {
            return EventCodec.json().readValue(json, RunRef.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read the run of a job: " + json, e);
        }
    }

    private static Claim claim(ResultSet row) throws SQLException, JsonProcessingException {
        Job job = new Job(
                row.getLong("id"),
                run(row.getString("run_ref")),
                row.getString("kind"),
                row.getString("key"),
                EventCodec.json().readTree(row.getString("payload")),
                row.getBytes("saved"),
                row.getInt("crashes"),
                row.getInt("failures"),
                row.getLong("fence"));
        return new Claim(
                job,
                row.getString("cause"),
                row.getString("traceparent"),
                row.getBoolean("crashed"),
                row.getDouble("waited"));
    }

    /// Renews the lease if the worker still owns the claim.
    ///
    /// @return why the claim was lost; empty if the lease was renewed
    Optional<JobStoppedException.Reason> renewLease(Job job) {
        return database.inTransaction(null, tx -> {
            boolean renewed = tx.sql()
                            .createUpdate("""
                            update job set lease_until = now() + :lease * interval '1 millisecond'
                            where id = :id and fence = :fence and state = 'running'
                              and not exists (select 1 from ended_run where ended_run.run = job.run)""")
                            .bind("lease", lease.toMillis())
                            .bind("id", job.id())
                            .bind("fence", job.fence())
                            .execute()
                    == 1;
            if (renewed) {
                return Optional.empty();
            }
            return Optional.of(
                    tx.hasEnded(job.run().id())
                            ? JobStoppedException.Reason.RUN_ENDED
                            : JobStoppedException.Reason.LEASE_LOST);
        });
    }

    /// Requeues a job that did not fail, such as at the end of the service.
    void requeue(Job job) {
        requeue(job, new Requeue(0, 0, Duration.ZERO, null, null));
    }

    /// Preempts the job in favor of another run and requeues it. For a while it can be claimed only where its
    /// files are.
    void requeuePreempted(Job job) {
        requeue(job, new Requeue(0, 0, Duration.ZERO, null, turns.home().orElse(null)));
    }

    /// Requeues a job whose attempt an exception ended. The attempt counts as a failure.
    ///
    /// @param pause before the next attempt
    void requeueFailed(Job job, Duration pause, String error) {
        requeue(job, new Requeue(1, 0, pause, error, null));
    }

    /// Requeues a job that needs an unavailable resource.
    ///
    /// @param pause before the next attempt
    /// @param error names the resource
    void requeueWaiting(Job job, Duration pause, String error) {
        requeue(job, new Requeue(0, 1, pause, error, null));
    }

    /// @param failures failures to count
    /// @param waits waits to count
    private record Requeue(int failures, int waits, Duration pause, String error, String home) {}

    private void requeue(Job job, Requeue how) {
        database.useTransaction(
                null,
                tx -> tx.sql()
                        .createUpdate("""
                        update job set state = 'queued', worker = null, lease_until = null, updated_at = now(),
                            failures = failures + :failed, waits = waits + :waited, error = :error, home = :home,
                            waits_since = case when :waited > 0 then coalesce(waits_since, now()) end,
                            not_before = now() + :pause * interval '1 millisecond'
                        where id = :id and fence = :fence and state = 'running'""")
                        .bind("failed", how.failures())
                        .bind("waited", how.waits())
                        .bind("error", FencedWrites.shortened(how.error()))
                        .bind("home", how.home())
                        .bind("pause", how.pause().toMillis())
                        .bind("id", job.id())
                        .bind("fence", job.fence())
                        .execute());
    }

    void cancel(Job job) {
        database.useTransaction(
                null,
                tx -> tx.sql()
                        .createUpdate("""
                        update job set state = 'cancelled', updated_at = now()
                        where id = :id and fence = :fence and state = 'running'""")
                        .bind("id", job.id())
                        .bind("fence", job.fence())
                        .execute());
    }

    /// Cancels the jobs of ended runs whose workers died. No worker claims such jobs.
    void cancelAbandoned() {
        database.useTransaction(null, tx -> tx.sql().createUpdate("""
                        update job set state = 'cancelled', updated_at = now()
                        where state = 'running' and lease_until < now()
                            and exists (select 1 from ended_run where ended_run.run = job.run)""").execute());
    }

    int countWaits(Job job) {
        return database.inTransaction(
                null,
                tx -> tx.sql()
                        .createQuery("select waits from job where id = :id")
                        .bind("id", job.id())
                        .mapTo(Integer.class)
                        .findOne()
                        .orElse(0));
    }

    /// @return the error of the job's last attempt, if one was recorded
    Optional<String> error(Job job) {
        return database.inTransaction(
                null,
                tx -> tx.sql()
                        .createQuery("select error from job where id = :id and error is not null")
                        .bind("id", job.id())
                        .mapTo(String.class)
                        .findOne());
    }
}
