package io.peregrine.work;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.UnreadableEventException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// One database transaction: facts become rows, jobs are added, events lie in the outbox, all or nothing.
///
/// No network or file work belongs inside it.
public final class Transaction {
    private static final String COMPLETED = new RunCompleted(null).type();

    private final Handle sql;
    private final String cause;
    private String actor;
    private String publisher;

    Transaction(Handle sql, String cause) {
        this.sql = sql;
        this.cause = cause;
    }

    /// @return the database, inside this transaction
    public Handle sql() {
        return sql;
    }

    /// Names who asks for what this transaction does; it goes with the events that are published from now on.
    ///
    /// @param name a principal or an address, never a secret
    public Transaction causedByActor(String name) {
        this.actor = Audit.actor(name);
        return this;
    }

    void publishedBy(String name) {
        this.publisher = name;
    }

    /// @return who published the event that is being handled, as far as it says so; nothing proves it
    public Optional<String> publisher() {
        return Optional.ofNullable(publisher);
    }

    /// Says an event when the transaction commits. Of a run that has ended nothing more is said; of two ends the
    /// first stands.
    ///
    /// @param ordinal tells events of one run and type apart, never a measured value: saying the same
    ///     again is a repeat
    public void publish(PipelineEvent event, String ordinal) {
        String run = event.run().id();
        publishAs(EventCodec.eventId(run, event.type(), ordinal), run, event);
    }

    /// Says an event under an id of the caller's: a dataset-ready, which has no run yet.
    ///
    /// @param subject the run, as far as it is known, or null
    public void publishAs(String id, String subject, PipelineEvent event) {
        boolean terminal = isTerminal(event);
        if (event.run() != null) {
            boolean mayBeSaid = terminal
                    ? end(event.run().id(), event.type())
                    : !hasEnded(event.run().id());
            if (!mayBeSaid) {
                return;
            }
        }
        send(id, subject, event, terminal);
    }

    /// Says the end of a run again, in another form, though the run has ended: whoever follows it waits for that.
    void republish(PipelineEvent end, String ordinal) {
        String run = end.run().id();
        send(EventCodec.eventId(run, end.type(), ordinal), run, end, true);
    }

    private void send(String id, String subject, PipelineEvent event, boolean terminal) {
        byte[] data = EventCodec.data(event);
        mustBeSendable(event.type(), data);
        sql.createUpdate("""
                        insert into outbox (id, run, type, terminal, subject, cause, traceparent, actor, data)
                        values (:id, :run, :type, :terminal, :subject, :cause, :traceparent, :actor, :data)
                        on conflict (id) do nothing""")
                .bind("id", id)
                .bind("run", event.run() == null ? null : event.run().id())
                .bind("type", event.type())
                .bind("terminal", terminal)
                .bind("subject", subject)
                .bind("cause", cause)
                .bind("traceparent", Traces.current())
                .bind("actor", actor)
                .bind("data", data)
                .execute();
    }

    /// What lies in the outbox can be sent, and whoever receives it can read it.
    ///
    /// @throws Failure INPUT `EVENT_TOO_LARGE` or `EVENT_UNREADABLE`: a job that would publish the event fails
    ///     its run at once, a request is answered, and nobody else waits
    private static void mustBeSendable(String type, byte[] data) {
        if (data.length > EventCodec.MAX_BYTES) {
            throw FailureException.input(
                    "EVENT_TOO_LARGE",
                    "the event %s has %,d bytes; an event may have %,d. Use fewer classes, clusters or shorter names"
                            .formatted(type, data.length, EventCodec.MAX_BYTES));
        }
        try {
            EventCodec.event(type, data);
        } catch (UnreadableEventException unreadable) {
            throw FailureException.input(
                    "EVENT_UNREADABLE",
                    "the event %s could not be read by anybody: %s. Correct what it names and publish the dataset again"
                            .formatted(type, unreadable.getMessage()));
        }
    }

    /// Adds a job, unless the run has ended or the job is there already.
    public void add(Job.New job) {
        if (hasEnded(job.run().id())) {
            return;
        }
        FairShare.join(sql, job.run());
        try {
            sql.createUpdate("""
                            insert into job (run, run_ref, kind, key, payload, cause, traceparent)
                            values (:run, :runRef, :kind, :key, :payload, :cause, :traceparent)
                            on conflict (run, kind, key) do nothing""")
                    .bind("run", job.run().id())
                    .bind("runRef", EventCodec.json().writeValueAsString(job.run()))
                    .bind("kind", job.kind())
                    .bind("key", job.key())
                    .bind("payload", EventCodec.json().writeValueAsString(job.payload()))
                    .bind("cause", cause)
                    .bind("traceparent", Traces.current())
                    .execute();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a job's payload cannot be written as JSON: " + job, e);
        }
    }

    /// Deletes a run: what this library keeps of it goes, and `run.deleted` is said. The caller's
    /// own rows are the caller's to delete, here and wherever the event is heard.
    ///
    /// @return whether it was there to be deleted: it has ended, and was not deleted before
    public boolean delete(RunRef run) {
        lock(run.id(), "pg_advisory_xact_lock");
        if (!hasEnded(run.id()) || !forget(run.id())) {
            return false;
        }
        RunDeleted event = new RunDeleted(run);
        send(EventCodec.eventId(run.id(), event.type(), ""), run.id(), event, true);
        return true;
    }

    /// Forgets a deleted run, and remembers that it was: its artifacts are needed by it no
    /// longer, and nothing that is heard of it later counts. A run that was not heard to have
    /// ended has ended by this.
    ///
    /// @return whether this was the first time
    boolean forget(String run) {
        lock(run, "pg_advisory_xact_lock");
        boolean first = sql.createUpdate("""
                        insert into ended_run (run, type, deleted_at) values (:run, :type, now())
                        on conflict (run) do update set deleted_at = now() where ended_run.deleted_at is null""")
                        .bind("run", run)
                        .bind("type", new RunDeleted(null).type())
                        .execute()
                == 1;
        if (first) {
            for (String rows : List.of(
                    "job where run = :run",
                    "run_turn where run = :run",
                    // An end that nobody has heard of yet is still said.
                    "outbox where run = :run and (sent_at is not null or set_aside_at is not null or not terminal)",
                    "needed where run = :run")) {
                sql.createUpdate("delete from " + rows).bind("run", run).execute();
            }
        }
        return first;
    }

    /// @return whether the run was deleted
    public boolean isDeleted(String run) {
        lock(run, "pg_advisory_xact_lock_shared");
        return sql.createQuery("select exists (select 1 from ended_run where run = :run and deleted_at is not null)")
                .bind("run", run)
                .mapTo(Boolean.class)
                .one();
    }

    /// @return whether a terminal event of the run was heard or said here
    public boolean hasEnded(String run) {
        // Shared: several may speak of a run at once, but nobody between an end and its commit.
        lock(run, "pg_advisory_xact_lock_shared");
        return sql.createQuery("select exists (select 1 from ended_run where run = :run)")
                .bind("run", run)
                .mapTo(Boolean.class)
                .one();
    }

    /// Keeps the first terminal event of a run: queued jobs are cancelled, and unsent events dropped unless the
    /// run is completed: what was said before a completion led to it.
    ///
    /// @return whether this was the first
    boolean end(String run, String type) {
        lock(run, "pg_advisory_xact_lock");
        boolean first =
                sql.createUpdate("insert into ended_run (run, type) values (:run, :type) on conflict (run) do nothing")
                                .bind("run", run)
                                .bind("type", type)
                                .execute()
                        == 1;
        if (first && !type.equals(COMPLETED)) {
            // What was set aside stays as evidence.
            sql.createUpdate("delete from outbox where run = :run and sent_at is null and set_aside_at is null"
                            + " and not terminal")
                    .bind("run", run)
                    .execute();
        }
        if (first) {
            FairShare.leave(sql, run);
            sql.createUpdate(
                            "update job set state = 'cancelled', updated_at = now() where run = :run and state = 'queued'")
                    .bind("run", run)
                    .execute();
        }
        return first;
    }

    static boolean isTerminal(PipelineEvent event) {
        return event instanceof RunCompleted || event instanceof RunFailed || event instanceof RunCancelled;
    }

    private void lock(String run, String function) {
        sql.createQuery("select 1 from (select %s(hashtextextended(:run, 0))) held".formatted(function))
                .bind("run", run)
                .mapTo(Integer.class)
                .one();
    }
}
