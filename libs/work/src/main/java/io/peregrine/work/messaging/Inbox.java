package io.peregrine.work.messaging;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Traces;
import io.peregrine.work.jobs.Transaction;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jboss.logging.Logger;

/// Receives events. Each event is handled in one transaction; after its commit the record may be acknowledged.
///
/// - A repeat (same source and id) changes nothing.
/// - The same id with other content is quarantined as `EVENT_ID_CONFLICT`; the first event remains valid.
/// - A record that is not an event is quarantined.
/// - The first terminal event of a run is recorded and is final. A deleted run stays deleted.
///
/// While the database is unavailable or refuses, [#receive] waits.
public final class Inbox {
    private static final Logger LOG = Logger.getLogger(Inbox.class);
    private static final int TRIES = 3;
    private static final String CONFLICT = "EVENT_ID_CONFLICT";
    private static final String HANDLER_FAILED = "HANDLER_FAILED";
    /// The actor that requested an event; attribute of the CloudEvents extension "Auth Context".
    static final String PUBLISHER = "ce_authid";
    private static final Duration INITIAL_BACKOFF = Duration.ofMillis(200);
    private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

    private final Database database;
    private final Consumer<CloudEvent> received;
    private volatile boolean stopping;

    /// @param received called with each new event after its transaction; for metrics and to wake workers
    public Inbox(Database database, Consumer<CloudEvent> received) {
        this.database = database;
        this.received = received;
    }

    /// Receives one record. When this method returns, the record's effect is durable.
    ///
    /// @param facts turns a new event into rows and jobs; if it fails three times the record is quarantined as
    ///     `HANDLER_FAILED`
    /// @throws IllegalStateException if the service stops while the database is unavailable: do not acknowledge
    ///     the record
    public void receive(ConsumerRecord<String, byte[]> record, EventHandler facts) {
        Traces.within(
                Traces.of(record),
                "process " + record.topic(),
                SpanKind.CONSUMER,
                Attributes.builder()
                        .put("messaging.system", "kafka")
                        .put("messaging.operation.type", "process")
                        .put("messaging.destination.name", record.topic())
                        .put("messaging.destination.partition.id", Integer.toString(record.partition()))
                        .put("messaging.kafka.offset", record.offset())
                        .build(),
                () -> receiveTraced(record, facts));
    }

    private void receiveTraced(ConsumerRecord<String, byte[]> record, EventHandler facts) {
        CloudEvent event;
        try {
            event = EventCodec.read(record);
        } catch (UnreadableEventException unreadable) {
            LOG.warnf(
                    "Record quarantined topic=%s partition=%d offset=%d kind=%s: %s",
                    record.topic(), record.partition(), record.offset(), unreadable.kind(), unreadable.getMessage());
            quarantine(record, unreadable.kind().name(), unreadable.getMessage());
            return;
        }
        Span.current()
                .setAttribute("messaging.message.id", event.id())
                .setAttribute("peregrine.event", event.type())
                .setAttribute("peregrine.run", event.subject());
        for (int attempt = 1; ; attempt++) {
            try {
                Outcome outcome = retryWhileUnavailable(
                        event.id(), tx -> receiveOnce(record, event, facts, tx), Database::isTransient);
                if (outcome == Outcome.NEW) {
                    received.accept(event);
                }
                return;
            } catch (ShutdownException stopped) {
                throw stopped;
            } catch (RuntimeException | Error bug) {
                // This includes a StackOverflowError, which need not affect the next record.
                LOG.errorf(bug, "Handler failed type=%s id=%s try=%d", event.type(), event.id(), attempt);
                if (attempt == TRIES) {
                    quarantine(record, HANDLER_FAILED, bug.toString());
                    return;
                }
            }
        }
    }

    /// Why a replay was rejected.
    record Rejection(String kind, String message) {}

    /// Receives a quarantined record again, once, in one transaction.
    ///
    /// @param accepted runs in the same transaction if the record is accepted
    /// @return why the record is still rejected; empty if it was accepted. Its effect is then durable, now or
    ///     from before
    Optional<Rejection> replay(
            ConsumerRecord<String, byte[]> record, EventHandler facts, Consumer<Transaction> accepted) {
        CloudEvent event;
        try {
            event = EventCodec.read(record);
        } catch (UnreadableEventException unreadable) {
            return Optional.of(new Rejection(unreadable.kind().name(), unreadable.getMessage()));
        }
        Outcome outcome;
        try {
            outcome = database.inTransaction(event.id(), tx -> {
                Outcome once = receiveOnce(record, event, facts, tx);
                if (once != Outcome.CONFLICT) {
                    accepted.accept(tx);
                }
                return once;
            });
        } catch (RuntimeException | Error bug) {
            if (bug instanceof RuntimeException refused && Database.isTransient(refused)) {
                throw refused;
            }
            LOG.errorf(bug, "Handler failed in a replay type=%s id=%s", event.type(), event.id());
            return Optional.of(new Rejection(HANDLER_FAILED, bug.toString()));
        }
        if (outcome == Outcome.NEW) {
            received.accept(event);
        }
        return outcome == Outcome.CONFLICT ? Optional.of(new Rejection(CONFLICT, conflict(event))) : Optional.empty();
    }

    private static String conflict(CloudEvent event) {
        return "Source %s has used id %s before with other content. The first event is kept; publish under a new id"
                .formatted(event.source(), event.id());
    }

    private enum Outcome {
        NEW,
        REPEAT,
        /// The same id was received before with other content.
        CONFLICT
    }

    private static Outcome receiveOnce(
            ConsumerRecord<String, byte[]> record, CloudEvent event, EventHandler facts, Transaction tx) {
        publisher(record).ifPresent(tx::publishedBy);
        byte[] digest = EventCodec.digest(event);
        boolean isNew = tx.sql()
                        .createUpdate("""
                        insert into inbox (source, id, type, digest) values (:source, :id, :type, :digest)
                        on conflict (source, id) do nothing""")
                        .bind("source", event.source())
                        .bind("id", event.id())
                        .bind("type", event.type())
                        .bind("digest", digest)
                        .execute()
                == 1;
        if (!isNew) {
            Optional<byte[]> first = tx.sql()
                    .createQuery("select digest from inbox where source = :source and id = :id")
                    .bind("source", event.source())
                    .bind("id", event.id())
                    .mapTo(byte[].class)
                    .findOne();
            if (first.isPresent() && !Arrays.equals(first.get(), digest)) {
                Quarantine.keep(tx.sql(), record, CONFLICT, conflict(event));
                return Outcome.CONFLICT;
            }
            return Outcome.REPEAT;
        }
        if (event.data() instanceof RunDeleted deleted) {
            if (tx.forget(deleted.run().id())) {
                facts.handle(event, tx);
            }
            return Outcome.NEW;
        }
        if (Transaction.isTerminal(event.data())) {
            tx.end(event.data().run().id(), event.type());
        }
        // A deleted run must not reappear through an event that is delivered late or again.
        if (!tx.isDeleted(runOf(event))) {
            facts.handle(event, tx);
        }
        return Outcome.NEW;
    }

    /// @return the publisher that the record claims, if any; the claim is not authenticated
    private static Optional<String> publisher(ConsumerRecord<String, byte[]> record) {
        Header header = record.headers().lastHeader(PUBLISHER);
        return header == null || header.value() == null
                ? Optional.empty()
                : Optional.of(Audit.actor(new String(header.value(), UTF_8)));
    }

    private static String runOf(CloudEvent event) {
        return event.data().run() == null ? event.subject() : event.data().run().id();
    }

    /// Quarantines a record. The row contains nothing that PostgreSQL could reject, so every error is treated as
    /// transient.
    private void quarantine(ConsumerRecord<String, byte[]> record, String kind, String message) {
        retryWhileUnavailable(
                null,
                tx -> {
                    Quarantine.keep(tx.sql(), record, kind, message);
                    return null;
                },
                error -> true);
    }

    private <T> T retryWhileUnavailable(
            String cause, Function<Transaction, T> work, Predicate<RuntimeException> retry) {
        Duration wait = INITIAL_BACKOFF;
        while (true) {
            try {
                return database.inTransaction(cause, work);
            } catch (RuntimeException error) {
                if (!retry.test(error)) {
                    throw error;
                }
                LOG.warnf("Database unavailable, retrying in %d ms: %s", wait.toMillis(), error.getMessage());
                pause(wait);
                wait = wait.multipliedBy(2).compareTo(MAX_BACKOFF) < 0 ? wait.multipliedBy(2) : MAX_BACKOFF;
            }
        }
    }

    private void pause(Duration wait) {
        try {
            if (stopping) {
                throw new ShutdownException();
            }
            Thread.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ShutdownException();
        }
    }

    /// Stops waiting for an unavailable database. Unacknowledged records are delivered again after the next
    /// start.
    public void stop() {
        stopping = true;
    }

    @SuppressWarnings("serial")
    private static final class ShutdownException extends IllegalStateException {
        ShutdownException() {
            super("The service is stopping while the database is unavailable; the record stays unacknowledged");
        }
    }
}
