package io.peregrine.events;

/// Bytes that are not an event of Peregrine. The record is quarantined with this kind.
@SuppressWarnings("serial")
public final class UnreadableEventException extends Exception {
    /// What is wrong with the bytes.
    public enum Kind {
        /// The record is neither a CloudEvent nor, on `peregrine.datasets`, bare JSON.
        NOT_AN_EVENT,
        /// A CloudEvent of a type that this topic does not carry.
        UNKNOWN_TYPE,
        /// The type is known, but the data does not match it.
        BAD_DATA
    }

    private final Kind kind;

    UnreadableEventException(Kind kind, String message) {
        // The message quotes untrusted input, and is written to rows and log lines.
        super(CleanText.shortenedWithCount(message, 1_000));
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
