package io.peregrine.work;

import io.peregrine.events.CleanText;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/// Keeps records that cannot be understood, so that nothing is lost and nothing else waits.
final class Quarantine {
    private static final int MESSAGE_CHARACTERS = 2_000;

    private Quarantine() {}

    static void keep(Handle sql, ConsumerRecord<String, byte[]> record, String kind, String message) {
        byte[] bytes = record.value() == null ? new byte[0] : record.value();
        sql.createUpdate("""
                        insert into quarantine (topic, partition, kafka_offset, digest, kind, message, bytes)
                        values (:topic, :partition, :offset, :digest, :kind, :message, :bytes)
                        on conflict do nothing""")
                .bind("topic", record.topic())
                .bind("partition", record.partition())
                .bind("offset", record.offset())
                .bind("digest", sha256(bytes))
                .bind("kind", kind)
                .bind("message", CleanText.shortenedWithCount(message == null ? kind : message, MESSAGE_CHARACTERS))
                .bind("bytes", record.value())
                .execute();
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
