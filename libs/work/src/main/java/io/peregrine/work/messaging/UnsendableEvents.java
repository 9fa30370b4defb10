package io.peregrine.work.messaging;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.CleanText;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Transaction;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/// Sets aside events that can never be sent, and fails their runs. Otherwise consumers would wait for such an
/// event forever.
final class UnsendableEvents {
    private static final Logger LOG = Logger.getLogger(UnsendableEvents.class);

    private static final String CODE = "EVENT_NOT_SENDABLE";

    /// Ordinal that distinguishes the reduced form of a terminal event from the event itself.
    private static final String SMALLER = "smaller";

    private static final int SMALLER_CHARACTERS = 200;

    private final Database database;
    private final Stage stage;

    UnsendableEvents(Database database, Stage stage) {
        this.database = database;
        this.stage = stage;
    }

    /// Sets the row aside with its error and fails its run in the same transaction. If the row itself is the
    /// run's terminal event, that event is published again in its smallest form.
    void setAside(Relay.Row row, Throwable error) {
        String reason = CleanText.shortenedWithCount(String.valueOf(error), 1_000);
        LOG.errorf("Event set aside seq=%d type=%s run=%s: %s", row.seq(), row.type(), row.run(), reason);
        database.useTransaction(row.cause(), tx -> {
            int first = tx.sql()
                    .createUpdate("update outbox set set_aside_at = now(), error = :error"
                            + " where seq = :seq and sent_at is null and set_aside_at is null")
                    .bind("error", reason)
                    .bind("seq", row.seq())
                    .execute();
            if (first == 1) {
                run(tx, row).ifPresent(run -> publishEnd(tx, row, run, reason));
            }
        });
    }

    private void publishEnd(Transaction tx, Relay.Row row, RunRef run, String reason) {
        String detail = "Cannot send event %s: %s. It is kept in table outbox of %s-service"
                .formatted(row.type(), reason, stage.jsonName());
        RunFailed failed = new RunFailed(run, stage, FailureKind.INTERNAL, CODE, detail, List.of());
        Optional<PipelineEvent> end = smallerEnd(row, run, failed);
        if (end.isEmpty()) {
            tx.publish(failed, CODE);
        } else if (!row.id().equals(EventCodec.eventId(run.id(), row.type(), SMALLER))) {
            tx.republish(end.get(), SMALLER);
        }
    }

    /// @return the replacement of a terminal event that is too large or damaged; empty if the row is not a
    ///     terminal event
    private static Optional<PipelineEvent> smallerEnd(Relay.Row row, RunRef run, RunFailed unreadable) {
        if (row.type().equals(new RunCompleted(null).type())) {
            return Optional.of(new RunCompleted(run));
        }
        if (row.type().equals(new RunDeleted(null).type())) {
            return Optional.of(new RunDeleted(run));
        }
        if (row.type().equals(new RunCancelled(null, "").type())) {
            String reason = event(row) instanceof RunCancelled cancelled ? cancelled.reason() : "";
            return Optional.of(new RunCancelled(run, CleanText.shortened(reason, SMALLER_CHARACTERS)));
        }
        if (!row.type().equals(unreadable.type())) {
            return Optional.empty();
        }
        return Optional.of(
                event(row) instanceof RunFailed failed
                        ? new RunFailed(
                                run,
                                failed.stage(),
                                failed.kind(),
                                failed.reason(),
                                CleanText.shortened(failed.detail(), SMALLER_CHARACTERS),
                                List.of())
                        : unreadable);
    }

    /// @return the run in as few bytes as possible, from everything that can be read
    private static Optional<RunRef> run(Transaction tx, Relay.Row row) {
        String id = row.run() == null ? row.subject() : row.run();
        if (!RunRef.isId(id)) {
            return Optional.empty();
        }
        PipelineEvent event = event(row);
        RunRef known = event == null ? null : event.run();
        if (event instanceof DatasetReady ready) {
            known = new RunRef(id, ready.dataset(), null);
        }
        if (known == null) {
            known = ofJob(tx, id).orElse(new RunRef(id, "", null));
        }
        return Optional.of(new RunRef(id, CleanText.shortened(known.dataset(), SMALLER_CHARACTERS), known.spec()));
    }

    private static Optional<RunRef> ofJob(Transaction tx, String run) {
        return tx.sql()
                .createQuery("select run_ref from job where run = :run limit 1")
                .bind("run", run)
                .mapTo(String.class)
                .findOne()
                .flatMap(json -> {
                    try {
                        return Optional.of(EventCodec.json().readValue(json, RunRef.class));
                    } catch (JsonProcessingException unreadable) {
                        return Optional.empty();
                    }
                });
    }

    private static PipelineEvent event(Relay.Row row) {
        try {
            return EventCodec.event(row.type(), row.data());
        } catch (UnreadableEventException unreadable) {
            return null;
        }
    }
}
