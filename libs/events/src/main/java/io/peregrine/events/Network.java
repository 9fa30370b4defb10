package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// The two networks that a run trains.
public enum Network {
    CLASSIFIER,
    AUTOENCODER;

    @JsonValue
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @JsonCreator
    static Network parse(String wire) {
        return valueOf(wire.toUpperCase(Locale.ROOT));
    }
}
