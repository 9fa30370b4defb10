package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/// The part of a dataset that an image belongs to. Only `train` is balanced; `test` is read once, at the end.
public enum Split {
    TEST,
    TRAIN,
    VALIDATION;

    /// @return 0 test, 1 train, 2 validation, as in a manifest's tensor
    public int code() {
        return ordinal();
    }

    /// @throws IllegalArgumentException if the code is not 0, 1 or 2
    public static Split of(int code) {
        if (code < 0 || code > 2) {
            throw new IllegalArgumentException(code + " is not a split: 0 (test), 1 (train) or 2 (validation)");
        }
        return values()[code];
    }

    @JsonValue
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @JsonCreator
    static Split parse(String wire) {
        return valueOf(wire.toUpperCase(Locale.ROOT));
    }
}
