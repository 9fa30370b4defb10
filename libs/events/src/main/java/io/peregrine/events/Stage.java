package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// The four stages of a run, in their order.
public enum Stage {
    INGEST,
    BALANCE,
    TRAIN,
    CLUSTER;

    @JsonValue
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @JsonCreator
    static Stage parse(String wire) {
        return valueOf(wire.toUpperCase(Locale.ROOT));
    }
}
