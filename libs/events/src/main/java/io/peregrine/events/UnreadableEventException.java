package io.peregrine.events;

/// Bytes that are no event of ours. They go to quarantine under this kind.
@SuppressWarnings("serial")
public final class UnreadableEventException extends Exception {
    /// What is wrong with the bytes.
    public enum Kind {
        /// Neither CloudEvents nor, on `peregrine.datasets`, bare JSON.
        NOT_AN_EVENT,
        /// A CloudEvent of a type that this topic does not carry.
        UNKNOWN_TYPE,
        /// The type is known, its data does not fit.
        BAD_DATA
    }

    private final Kind kind;

    UnreadableEventException(Kind kind, String message) {
        // It quotes what others wrote, and goes into rows and log lines.
        super(CleanText.shortenedWithCount(message, 1_000));
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
