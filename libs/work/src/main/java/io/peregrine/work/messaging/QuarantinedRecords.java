package io.peregrine.work.messaging;

import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;

/// The quarantine of one service: list, replay and purge records.
public final class QuarantinedRecords {
    private static final String COLUMNS =
            "id, topic, partition, kafka_offset, kind, message, digest, size, kept_at, tries, tried_at";
    private static final String MATCHING = """
            (cast(:kind as text) is null or kind = :kind) and (cast(:topic as text) is null or topic = :topic)
            and (cast(:before as timestamptz) is null or kept_at < :before)""";

    private final Database database;
    private final Inbox inbox;
    private final EventHandler handler;

    public QuarantinedRecords(Database database, Inbox inbox, EventHandler handler) {
        this.database = database;
        this.inbox = inbox;
        this.handler = handler;
    }

    /// A record without its bytes.
    ///
    /// @param kind error code of the last rejection
    /// @param message error message of the last rejection
    /// @param digest SHA-256 of the value
    /// @param bytes size of value and headers
    /// @param tries number of rejected replays
    /// @param triedAt time of the last rejected replay, or null
    public record Entry(
            long id,
            String topic,
            int partition,
            long offset,
            String kind,
            String message,
            String digest,
            long bytes,
            Instant keptAt,
            int tries,
            Instant triedAt) {}

    /// A record with its content.
    ///
    /// @param headers as text; control characters are replaced
    /// @param value null for a record without a value
    public record Content(Entry entry, String key, Map<String, String> headers, byte[] value) {}

    /// Selects records; null matches everything.
    ///
    /// @param before matches records that were quarantined before this time
    public record Filter(String kind, String topic, Instant before) {
        private <S extends SqlStatement<S>> S bind(S statement) {
            return statement.bind("kind", kind).bind("topic", topic).bind("before", before);
        }
    }

    /// @param beforeId id of the last record of the previous page, [Long#MAX_VALUE] for the first page
    /// @return newest first, without content
    public List<Entry> list(Filter filter, long beforeId, int limit) {
        return database.jdbi()
                .withHandle(sql -> filter.bind(sql.createQuery(
                                "select %s from quarantine where id < :id and %s order by id desc limit :limit"
                                        .formatted(COLUMNS, MATCHING)))
                        .bind("id", beforeId)
                        .bind("limit", limit)
                        .map((row, context) -> entry(row))
                        .list());
    }

    /// @return the record, if it is in the quarantine
    public Optional<Content> find(long id) {
        return database.jdbi()
                .inTransaction(sql -> entry(sql, id).map(entry -> {
                    ConsumerRecord<String, byte[]> record =
                            Quarantine.record(sql, id).orElseThrow();
                    Map<String, String> headers = new LinkedHashMap<>();
                    record.headers().forEach(header -> headers.put(header.key(), Quarantine.text(header)));
                    return new Content(entry, record.key(), headers, record.value());
                }));
    }

    /// Receives a record again. If it is accepted, it is removed from the quarantine in the same transaction. If
    /// it is rejected, it stays with the new reason.
    ///
    /// @param by actor that requested the replay
    /// @return the rejected record; empty if it was accepted or is no longer in the quarantine
    public Optional<Entry> replay(long id, String by) {
        Optional<ConsumerRecord<String, byte[]>> record = database.jdbi().withHandle(sql -> Quarantine.record(sql, id));
        if (record.isEmpty()) {
            return Optional.empty();
        }
        Optional<Inbox.Rejection> refusal = inbox.replay(record.get(), handler, tx -> {
            purge(tx.sql(), id);
            Audit.note(tx.sql(), "replayed", null, by, position(record.get()));
        });
        return refusal.flatMap(why -> database.jdbi().inTransaction(sql -> {
            Quarantine.rejectedAgain(sql, id, why.kind(), why.message());
            return entry(sql, id);
        }));
    }

    private static String position(ConsumerRecord<String, byte[]> record) {
        return "record %s/%d at offset %d".formatted(record.topic(), record.partition(), record.offset());
    }

    /// @param by actor that requested the purge
    /// @return whether the record was in the quarantine
    public boolean purge(long id, String by) {
        return database.jdbi().inTransaction(sql -> {
            Optional<Entry> entry = entry(sql, id);
            entry.ifPresent(purged -> {
                purge(sql, id);
                Audit.note(
                        sql,
                        "purged",
                        null,
                        by,
                        "record %s/%d at offset %d: %s"
                                .formatted(purged.topic(), purged.partition(), purged.offset(), purged.kind()));
            });
            return entry.isPresent();
        });
    }

    /// @param by actor that requested the purge
    /// @return number of removed records
    public int purge(Filter filter, String by) {
        return database.jdbi().inTransaction(sql -> {
            int records = filter.bind(sql.createUpdate("delete from quarantine where " + MATCHING))
                    .execute();
            if (records > 0) {
                Audit.note(sql, "purged", null, by, "%d records of %s".formatted(records, filter));
            }
            return records;
        });
    }

    private static void purge(Handle sql, long id) {
        sql.createUpdate("delete from quarantine where id = :id").bind("id", id).execute();
    }

    private static Optional<Entry> entry(Handle sql, long id) {
        return sql.createQuery("select %s from quarantine where id = :id".formatted(COLUMNS))
                .bind("id", id)
                .map((row, context) -> entry(row))
                .findOne();
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(
                row.getLong("id"),
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("kafka_offset"),
                row.getString("kind"),
                row.getString("message"),
                HexFormat.of().formatHex(row.getBytes("digest")),
                row.getLong("size"),
                row.getTimestamp("kept_at").toInstant(),
                row.getInt("tries"),
                row.getTimestamp("tried_at") == null
                        ? null
                        : row.getTimestamp("tried_at").toInstant());
    }
}
