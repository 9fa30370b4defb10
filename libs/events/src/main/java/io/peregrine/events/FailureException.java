package io.peregrine.events;

/// A failure with its kind and code. Its message contains the subject, the value found and the remedy.
///
/// The code, in capitals, is the reason in `run.failed` or `image.rejected` events.
@SuppressWarnings("serial")
public final class FailureException extends RuntimeException {
    private final FailureKind kind;
    private final String code;

    private FailureException(FailureKind kind, String code, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.code = code;
    }

    /// The user's input is invalid.
    public static FailureException input(String code, String message) {
        return new FailureException(FailureKind.INPUT, code, message, null);
    }

    /// An external resource is unavailable or full; a retry may succeed.
    public static FailureException resource(String code, String message, Throwable cause) {
        return new FailureException(FailureKind.RESOURCE, code, message, cause);
    }

    /// Internal error of Peregrine.
    public static FailureException internal(String code, String message, Throwable cause) {
        return new FailureException(FailureKind.INTERNAL, code, message, cause);
    }

    public FailureKind kind() {
        return kind;
    }

    public String code() {
        return code;
    }
}
