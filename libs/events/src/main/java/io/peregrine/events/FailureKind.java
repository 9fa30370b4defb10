package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// Cause of a failure, which decides whether it is retried.
public enum FailureKind {
    /// Invalid input of the user: recorded with the run, never retried.
    INPUT,
    /// Disk, database or broker: retried until it is available.
    RESOURCE,
    /// Internal error: tried three times without progress, then the run fails with its code.
    INTERNAL;

    @JsonValue
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @JsonCreator
    static FailureKind parse(String wire) {
        return valueOf(wire.toUpperCase(Locale.ROOT));
    }
}
