package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// Whose a failure is, and so what happens next.
public enum FailureKind {
    /// What the user gave: recorded with the run, never tried again.
    INPUT,
    /// Disk, database, broker: tried again for as long as it takes.
    RESOURCE,
    /// A bug of ours: tried three times without progress, then the run fails by name.
    OURS;

    @JsonValue
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @JsonCreator
    static FailureKind parse(String wire) {
        return valueOf(wire.toUpperCase(Locale.ROOT));
    }
}
