package io.peregrine.work.jobs;

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
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// One database transaction. It writes rows, adds jobs and writes events to the outbox, all or nothing.
///
/// Do no network or file I/O inside it.
public final class Transaction {
    private static final String COMPLETED = new RunCompleted(null).type();

    private final Handle sql;
    private final String cause;
    private final List<Runnable> committed;
    private String actor;
    private String publisher;

    /// @param committed receives the actions of [#afterCommit]
    Transaction(Handle sql, String cause, List<Runnable> committed) {
        this.sql = sql;
        this.cause = cause;
        this.committed = committed;
    }

    /// @return the database, inside this transaction
    public Handle sql() {
        return sql;
    }

    /// Adds an action that runs on this thread after the commit. It does not run if the transaction fails or the
    /// process ends first. Use it for file I/O and to wake other threads.
    ///
    /// @param action must not throw: the transaction can no longer be undone
    public void afterCommit(Runnable action) {
        committed.add(action);
    }

    /// Sets the actor that requested this transaction. Events published after this call carry it.
    ///
    /// @param name a principal or an address, never a secret
    public Transaction causedByActor(String name) {
        this.actor = Audit.actor(name);
        return this;
    }

    public void publishedBy(String name) {
        this.publisher = name;
    }

    /// @return the publisher that the event being handled claims, if any; the claim is not authenticated
    public Optional<String> publisher() {
        return Optional.ofNullable(publisher);
    }

    /// Publishes an event when the transaction commits. After the end of a run, further events of the run are
    /// dropped. Of two terminal events, only the first is published.
    ///
    /// @param ordinal distinguishes events of the same run and type; must not be a measured value. Publishing the
    ///     same event with the same ordinal again has no effect
    public void publish(PipelineEvent event, String ordinal) {
        String run = event.run().id();
        publishAs(EventCodec.eventId(run, event.type(), ordinal), run, event);
    }

    /// Publishes an event under an id that the caller chooses, such as a dataset-ready event, which has no run
    /// yet.
    ///
    /// @param subject the run id, if known, or null
    public void publishAs(String id, String subject, PipelineEvent event) {
        boolean terminal = isTerminal(event);
        if (event.run() != null) {
            boolean mayPublish = terminal
                    ? end(event.run().id(), event.type())
                    : !hasEnded(event.run().id());
            if (!mayPublish) {
                return;
            }
        }
        send(id, subject, event, terminal);
    }

    /// Publishes the end of a run again in another form, even though the run has already ended. Consumers of the
    /// run are still waiting for its end.
    public void republish(PipelineEvent end, String ordinal) {
        String run = end.run().id();
        send(EventCodec.eventId(run, end.type(), ordinal), run, end, true);
    }

    private void send(String id, String subject, PipelineEvent event, boolean terminal) {
        byte[] data = EventCodec.data(event);
        ensureSendable(event.type(), data);
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

    /// Checks that an event can be sent and that consumers can parse it, before it is written to the outbox.
    ///
    /// @throws FailureException INPUT `EVENT_TOO_LARGE` or `EVENT_UNREADABLE`. A job that publishes such an event
    ///     fails its run at once; a REST request is answered with the error. Other runs are not delayed
    private static void ensureSendable(String type, byte[] data) {
        if (data.length > EventCodec.MAX_BYTES) {
            throw FailureException.input(
                    "EVENT_TOO_LARGE",
                    "Event %s has %,d bytes; the maximum is %,d. Use fewer classes, fewer clusters or shorter names"
                            .formatted(type, data.length, EventCodec.MAX_BYTES));
        }
        try {
            EventCodec.event(type, data);
        } catch (UnreadableEventException unreadable) {
            throw FailureException.input(
                    "EVENT_UNREADABLE",
                    "Consumers cannot read event %s: %s. Correct the reported value and publish the dataset again"
                            .formatted(type, unreadable.getMessage()));
        }
    }

    /// Adds a job, unless the run has ended or the job exists already.
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
            throw new IllegalArgumentException("Cannot write the job's payload as JSON: " + job, e);
        }
    }

    /// Deletes a run: removes this library's rows of it and publishes `run.deleted`. The caller must delete its
    /// own rows of the run, here and in every service that receives the event.
    ///
    /// @return whether the run was deleted now: false if it has not ended or was deleted before
    public boolean delete(RunRef run) {
        lock(run.id(), "pg_advisory_xact_lock");
        if (!hasEnded(run.id()) || !forget(run.id())) {
            return false;
        }
        RunDeleted event = new RunDeleted(run);
        send(EventCodec.eventId(run.id(), event.type(), ""), run.id(), event, true);
        return true;
    }

    /// Removes the rows of a deleted run and records the deletion. The run no longer references its artifacts,
    /// and later events of it are ignored. A run whose end was not received counts as ended from now on.
    ///
    /// @return whether this was the first time
    public boolean forget(String run) {
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
                    // A terminal event that has not been sent yet is kept and sent.
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

    /// @return whether a terminal event of the run was received or published by this service
    public boolean hasEnded(String run) {
        // Shared lock: several transactions may publish events of a run at once, but none between an end and its
        // commit.
        lock(run, "pg_advisory_xact_lock_shared");
        return sql.createQuery("select exists (select 1 from ended_run where run = :run)")
                .bind("run", run)
                .mapTo(Boolean.class)
                .one();
    }

    /// @param type of a terminal event
    /// @return whether the run's first terminal event, received or published by this service, was of this type
    public boolean hasEndedWith(String run, String type) {
        return sql.createQuery("select exists (select from ended_run where run = :run and type = :type)")
                .bind("run", run)
                .bind("type", type)
                .mapTo(Boolean.class)
                .one();
    }

    /// @param id an id that was passed to [#publishAs] in this transaction or an earlier one
    /// @return whether the first event published under this id has the same data as this event; compared as JSON,
    ///     so that whitespace and the order of fields do not matter
    /// @throws IllegalStateException if no event was published under this id
    public boolean isPublished(String id, PipelineEvent event) {
        byte[] first = sql.createQuery("select data from outbox where id = :id")
                .bind("id", id)
                .mapTo(byte[].class)
                .one();
        try {
            return EventCodec.json().readTree(first).equals(EventCodec.json().readTree(EventCodec.data(event)));
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Records the first terminal event of a run and cancels its queued jobs. Unsent events are deleted, unless
    /// the run has completed: events published before a completion must be delivered.
    ///
    /// @return whether this was the first
    public boolean end(String run, String type) {
        lock(run, "pg_advisory_xact_lock");
        boolean first =
                sql.createUpdate("insert into ended_run (run, type) values (:run, :type) on conflict (run) do nothing")
                                .bind("run", run)
                                .bind("type", type)
                                .execute()
                        == 1;
        if (first && !type.equals(COMPLETED)) {
            // Events that were set aside are kept for diagnosis.
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

    public static boolean isTerminal(PipelineEvent event) {
        return event instanceof RunCompleted || event instanceof RunFailed || event instanceof RunCancelled;
    }

    private void lock(String run, String function) {
        sql.createQuery("select 1 from (select %s(hashtextextended(:run, 0))) held".formatted(function))
                .bind("run", run)
                .mapTo(Integer.class)
                .one();
    }
}
