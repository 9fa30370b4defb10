package io.peregrine.work;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.UnreadableEvent;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jboss.logging.Logger;

/// Sends what lies in the outbox: a round reads unsent rows, sends all, awaits all, marks them sent.
///
/// It asks for what is unsent, never for what is newer: rows commit in another order than their numbers. Two relays
/// at once, or a crash between sending and marking, only repeat events under the same ids.
public final class Relay implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Relay.class);
    private static final int ROUND = 500;
    private static final Duration IDLE = Duration.ofMillis(100);

    private record Unsent(long seq, ProducerRecord<String, byte[]> record) {}

    private final Database database;
    private final Producer<String, byte[]> producer;
    private final String source;
    private volatile boolean stopping;
    private Thread thread;

    /// @param producer with `acks=all` and idempotence
    /// @param source of our events, `/peregrine/<service>`
    public Relay(Database database, Producer<String, byte[]> producer, String source) {
        this.database = database;
        this.producer = producer;
        this.source = source;
    }

    public void start() {
        thread = Thread.ofPlatform().name("relay").daemon().start(this::relay);
    }

    private void relay() {
        while (!stopping) {
            try {
                if (round() < ROUND) {
                    Thread.sleep(IDLE);
                }
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                LOG.warnf("events wait in the outbox: %s", e.getMessage());
                try {
                    Thread.sleep(Duration.ofSeconds(1));
                } catch (InterruptedException stop) {
                    return;
                }
            }
        }
    }

    /// @return how many events were sent
    int round() throws ExecutionException, InterruptedException {
        List<Unsent> unsent = database.jdbi()
                .withHandle(
                        sql -> sql.createQuery("select * from outbox where sent_at is null order by seq limit " + ROUND)
                                .map((row, context) -> unsent(row))
                                .list());
        if (unsent.isEmpty()) {
            return 0;
        }
        List<Future<RecordMetadata>> acknowledgements = new ArrayList<>();
        for (Unsent event : unsent) {
            acknowledgements.add(producer.send(event.record()));
        }
        for (Future<RecordMetadata> acknowledgement : acknowledgements) {
            acknowledgement.get();
        }
        Long[] sent = unsent.stream().map(Unsent::seq).toArray(Long[]::new);
        database.inTransaction(
                null,
                tx -> tx.sql()
                        .createUpdate("update outbox set sent_at = now() where seq = any(:sent)")
                        .bindArray("sent", Long.class, (Object[]) sent)
                        .execute());
        return sent.length;
    }

    private Unsent unsent(ResultSet row) throws SQLException {
        String type = row.getString("type");
        try {
            CloudEvent event = new CloudEvent(
                    row.getString("id"),
                    source,
                    type,
                    row.getTimestamp("said_at").toInstant(),
                    row.getString("subject"),
                    row.getString("run") == null ? row.getString("subject") : row.getString("run"),
                    row.getString("cause"),
                    EventCodec.event(type, row.getBytes("data")));
            ProducerRecord<String, byte[]> record = EventCodec.write(event);
            String traceparent = row.getString("traceparent");
            if (traceparent != null) {
                record.headers().add(Traces.HEADER, traceparent.getBytes(US_ASCII));
            }
            return new Unsent(row.getLong("seq"), record);
        } catch (UnreadableEvent e) {
            throw new SQLException("outbox row %d is no event: %s".formatted(row.getLong("seq"), e.getMessage()), e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        stopping = true;
        if (thread != null) {
            thread.join(Duration.ofSeconds(5));
        }
    }
}
