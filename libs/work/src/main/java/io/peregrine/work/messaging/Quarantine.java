package io.peregrine.work.messaging;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.CleanText;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jdbi.v3.core.Handle;

/// Stores records that cannot be handled, so that nothing is lost and no other record waits.
public final class Quarantine {
    private static final int MESSAGE_CHARACTERS = 2_000;

    private Quarantine() {}

    /// @param value Base64 in JSON; null if the header has no value
    private record KeptHeader(String name, byte[] value) {}

    static void keep(Handle sql, ConsumerRecord<String, byte[]> record, String kind, String message) {
        byte[] bytes = record.value() == null ? new byte[0] : record.value();
        sql.createUpdate("""
                        insert into quarantine (topic, partition, kafka_offset, digest, kind, message, bytes, record_key,
                            record_time, headers)
                        values (:topic, :partition, :offset, :digest, :kind, :message, :bytes, :key, :time, :headers)
                        on conflict do nothing""")
                .bind("topic", record.topic())
                .bind("partition", record.partition())
                .bind("offset", record.offset())
                .bind("digest", Sha256.of(bytes))
                .bind("kind", kind)
                .bind("message", message(kind, message))
                .bind("bytes", record.value())
                .bind("key", record.key() == null ? null : record.key().replace('\0', '\ufffd'))
                .bind("time", record.timestamp())
                .bind("headers", headers(record))
                .execute();
    }

    /// Records a rejected replay.
    static void rejectedAgain(Handle sql, long id, String kind, String message) {
        sql.createUpdate("""
                        update quarantine set kind = :kind, message = :message, tries = tries + 1, tried_at = now()
                        where id = :id""")
                .bind("id", id)
                .bind("kind", kind)
                .bind("message", message(kind, message))
                .execute();
    }

    private static String message(String kind, String message) {
        return CleanText.shortenedWithCount(message == null ? kind : message, MESSAGE_CHARACTERS);
    }

    /// @return the record as it was received; records quarantined by older versions have no headers
    static Optional<ConsumerRecord<String, byte[]>> record(Handle sql, long id) {
        return sql.createQuery("select * from quarantine where id = :id")
                .bind("id", id)
                .map((row, context) -> {
                    byte[] value = row.getBytes("bytes");
                    Long time = row.getObject("record_time", Long.class);
                    return new ConsumerRecord<>(
                            row.getString("topic"),
                            row.getInt("partition"),
                            row.getLong("kafka_offset"),
                            time == null ? row.getTimestamp("kept_at").getTime() : time,
                            TimestampType.CREATE_TIME,
                            ConsumerRecord.NULL_SIZE,
                            value == null ? ConsumerRecord.NULL_SIZE : value.length,
                            row.getString("record_key"),
                            value,
                            headers(row.getString("headers")),
                            Optional.empty());
                })
                .findOne();
    }

    /// Removes the oldest records while the limits are exceeded.
    ///
    /// @return number of removed records
    public static int trim(Handle sql, long records, long bytes) {
        return sql.createUpdate("""
                        delete from quarantine where id <= (
                            select max(id) from (
                                select id, row_number() over newest as rank, sum(size) over newest as held
                                from quarantine window newest as (order by id desc)) ranked
                            where rank > :records or held > :bytes)""")
                .bind("records", records)
                .bind("bytes", bytes)
                .execute();
    }

    private static String headers(ConsumerRecord<String, byte[]> record) {
        List<KeptHeader> kept = new ArrayList<>();
        for (Header header : record.headers()) {
            kept.add(new KeptHeader(header.key(), header.value()));
        }
        try {
            // JSON escapes every character that a text column cannot store.
            return EventCodec.json().writeValueAsString(kept);
        } catch (JsonProcessingException unpairedSurrogate) {
            return null;
        }
    }

    private static RecordHeaders headers(String json) {
        RecordHeaders headers = new RecordHeaders();
        if (json == null) {
            return headers;
        }
        try {
            for (KeptHeader header : EventCodec.json().readValue(json, KeptHeader[].class)) {
                headers.add(header.name(), header.value());
            }
            return headers;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read the headers of a quarantined record: " + json, e);
        }
    }

    /// @return a header's value as text, for display
    static String text(Header header) {
        return header.value() == null
                ? null
                : new String(header.value(), StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "\ufffd");
    }
}
