package io.peregrine.ingest.postgres;

import io.peregrine.events.EventCodec;
import java.io.IOException;
import org.jdbi.v3.core.Handle;

/// What was published over REST: the outbox remembers.
public final class OutboxLookup {
    private OutboxLookup() {}

    /// @return whether the event of this id, said now or earlier, has this data (as JSON: blanks and order aside)
    public static boolean is(Handle sql, String id, byte[] data) {
        byte[] first = sql.createQuery("select data from outbox where id = :id")
                .bind("id", id)
                .mapTo(byte[].class)
                .one();
        try {
            return EventCodec.json().readTree(first).equals(EventCodec.json().readTree(data));
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
