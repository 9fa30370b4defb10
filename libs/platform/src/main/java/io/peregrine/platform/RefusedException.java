package io.peregrine.platform;

/// An error that the user can fix. The CLI prints its message without a stack trace.
@SuppressWarnings("serial")
public final class RefusedException extends RuntimeException {
    public RefusedException(String message) {
        super(message);
    }
}
