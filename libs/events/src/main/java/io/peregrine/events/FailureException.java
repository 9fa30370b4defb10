package io.peregrine.events;

/// Something did not work, whose it is, and what to do: its message names the thing, the value found and the
/// remedy.
///
/// Its code, in capitals, is what a run's `run.failed` or an image's `image.rejected` carries as the reason.
@SuppressWarnings("serial")
public final class FailureException extends RuntimeException {
    private final FailureKind kind;
    private final String code;

    private FailureException(FailureKind kind, String code, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.code = code;
    }

    /// The user's input is at fault.
    public static FailureException input(String code, String message) {
        return new FailureException(FailureKind.INPUT, code, message, null);
    }

    /// Something outside is away or full; trying again may help.
    public static FailureException resource(String code, String message, Throwable cause) {
        return new FailureException(FailureKind.RESOURCE, code, message, cause);
    }

    /// We are at fault.
    public static FailureException internal(String code, String message, Throwable cause) {
        return new FailureException(FailureKind.OURS, code, message, cause);
    }

    public FailureKind kind() {
        return kind;
    }

    public String code() {
        return code;
    }
}
