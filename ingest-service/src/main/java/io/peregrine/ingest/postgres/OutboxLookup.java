package io.peregrine.ingest.postgres;

import io.peregrine.events.EventCodec;
import java.io.IOException;
import org.jdbi.v3.core.Handle;

/// Looks up in the outbox what was published over REST.
public final class OutboxLookup {
    private OutboxLookup() {}

    /// @return whether the event with this id, published now or earlier, has this data (compared as JSON, so
    ///     whitespace and field order do not matter)
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
