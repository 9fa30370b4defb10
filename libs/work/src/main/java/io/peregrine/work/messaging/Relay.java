package io.peregrine.work.messaging;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Stage;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Traces;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.jboss.logging.Logger;

/// Publishes the outbox to Kafka. Each round reads unsent rows, sends them, awaits the acknowledgements and marks
/// the rows as sent.
///
/// The query selects unsent rows, not rows newer than the last: rows do not commit in the order of their numbers.
/// Two relays at once, or a crash between sending and marking, only repeat events under the same ids. A row that
/// can never be sent is set aside with its error ([UnsendableEvents]). Every other error is retried.
public final class Relay implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Relay.class);
    private static final int ROUND = 500;
    private static final Duration IDLE = Duration.ofMillis(100);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /// A row of the outbox, not parsed yet.
    ///
    /// @param run null for a dataset-ready event
    record Row(
            long seq,
            String id,
            String type,
            Instant createdAt,
            String subject,
            String run,
            String cause,
            String traceparent,
            String actor,
            byte[] data) {
        static Row of(ResultSet row) throws SQLException {
            return new Row(
                    row.getLong("seq"),
                    row.getString("id"),
                    row.getString("type"),
                    row.getTimestamp("created_at").toInstant(),
                    row.getString("subject"),
                    row.getString("run"),
                    row.getString("cause"),
                    row.getString("traceparent"),
                    row.getString("actor"),
                    row.getBytes("data"));
        }
    }

    private record Sending(Row row, Future<RecordMetadata> acknowledgement) {}

    private final Database database;
    private final Supplier<? extends Producer<String, byte[]>> producers;
    private final String source;
    private final UnsendableEvents unsendable;
    private Producer<String, byte[]> producer;
    private volatile boolean stopping;
    private Thread thread;

    /// @param producers creates a producer with `acks=all` and idempotence; called again after an error from
    ///     which a producer cannot recover, such as a failed authorization
    /// @param source source of the events, `/peregrine/<service>`
    /// @param stage reported as the failed stage of a run whose event cannot be sent
    public Relay(
            Database database, Supplier<? extends Producer<String, byte[]>> producers, String source, Stage stage) {
        this.database = database;
        this.producers = producers;
        this.source = source;
        this.unsendable = new UnsendableEvents(database, stage);
    }

    public void start() {
        thread = Thread.ofPlatform().name("relay").daemon().start(this::relay);
    }

    /// @return whether the relay's thread is alive
    public boolean isAlive() {
        return thread != null && thread.isAlive();
    }

    /// Ends only when the service stops. Every error, including an [Error], is logged and retried.
    private void relay() {
        while (!stopping) {
            try {
                if (round() < ROUND) {
                    Thread.sleep(IDLE);
                }
            } catch (InterruptedException e) {
                // Only a client library can interrupt this thread. The loop's condition, `stopping`, decides
                // whether it ends.
            } catch (Throwable e) {
                Thread.interrupted();
                LOG.warnf("Cannot publish events from the outbox, retrying: %s", e);
                pause();
            }
        }
    }

    private void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            // The next round only starts a little earlier.
        }
    }

    /// @return how many events were sent or set aside
    /// @throws ExecutionException if an event must be sent again; acknowledged events are marked as sent
    public int round() throws ExecutionException, InterruptedException {
        List<Row> unsent = database.jdbi()
                .withHandle(sql -> sql.createQuery("select * from outbox where sent_at is null"
                                + " and set_aside_at is null order by seq limit " + ROUND)
                        .map((row, context) -> Row.of(row))
                        .list());
        if (unsent.isEmpty()) {
            return 0;
        }
        List<Sending> sendings = new ArrayList<>();
        for (Row row : unsent) {
            send(row, sendings);
        }
        List<Long> sent = new ArrayList<>();
        ExecutionException again = null;
        for (Sending sending : sendings) {
            try {
                sending.acknowledgement().get();
                sent.add(sending.row().seq());
            } catch (ExecutionException e) {
                if (isPermanent(e.getCause())) {
                    unsendable.setAside(sending.row(), e.getCause());
                } else {
                    again = e;
                }
            }
        }
        markSent(sent);
        if (again != null) {
            if (!(again.getCause() instanceof RetriableException)) {
                closeProducer();
            }
            throw again;
        }
        return unsent.size();
    }

    private void send(Row row, List<Sending> sendings) {
        ProducerRecord<String, byte[]> record;
        try {
            record = record(row);
        } catch (UnreadableEventException | RuntimeException unreadable) {
            unsendable.setAside(row, unreadable);
            return;
        }
        if (producer == null) {
            producer = producers.get();
        }
        try {
            sendings.add(new Sending(row, producer.send(record)));
        } catch (RuntimeException e) {
            if (!isPermanent(e)) {
                // Records that were passed to the producer earlier are sent again under the same ids.
                closeProducer();
                throw e;
            }
            unsendable.setAside(row, e);
        }
    }

    /// Whether the error is permanent and specific to this record. All other errors are transient: the broker is
    /// unavailable, full or denies authorization.
    private static boolean isPermanent(Throwable error) {
        return error instanceof RecordTooLargeException
                || error instanceof InvalidRecordException
                || error instanceof InvalidTimestampException
                || error instanceof SerializationException
                || error instanceof UnsupportedForMessageFormatException;
    }

    private ProducerRecord<String, byte[]> record(Row row) throws UnreadableEventException {
        CloudEvent event = new CloudEvent(
                row.id(),
                source,
                row.type(),
                row.createdAt(),
                row.subject(),
                row.run() == null ? row.subject() : row.run(),
                row.cause(),
                EventCodec.event(row.type(), row.data()));
        ProducerRecord<String, byte[]> record = EventCodec.write(event);
        if (row.traceparent() != null) {
            record.headers().add(Traces.HEADER, row.traceparent().getBytes(US_ASCII));
        }
        if (row.actor() != null) {
            record.headers().add(Inbox.PUBLISHER, row.actor().getBytes(UTF_8));
        }
        return record;
    }

    private void markSent(List<Long> sent) {
        if (sent.isEmpty()) {
            return;
        }
        database.useTransaction(
                null,
                tx -> tx.sql()
                        .createUpdate("update outbox set sent_at = now() where seq = any(:sent)")
                        .bindArray("sent", Long.class, sent.toArray())
                        .execute());
    }

    private void closeProducer() {
        if (producer != null) {
            producer.close(Duration.ofSeconds(2));
            producer = null;
        }
    }

    @Override
    public void close() throws InterruptedException {
        stopping = true;
        if (thread != null) {
            thread.join(Duration.ofSeconds(5));
        }
        closeProducer();
    }
}
