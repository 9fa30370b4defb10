package io.peregrine.artifacts;

import io.peregrine.events.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// Tells a full disk (ENOSPC) or a used-up quota (EDQUOT) from other refusals, with the bytes that are missing.
public final class FullDisk {
    /// The code of the failure: the job waits until there is room.
    public static final String CODE = "STORE_FULL";

    // Java reports both errors by the C library's text alone.
    private static final Pattern FULL =
            Pattern.compile("No space left on device|Disk quota exceeded|not enough space on the disk");

    private FullDisk() {}

    /// An error of writing that knows how large the file was to become.
    @SuppressWarnings("serial")
    static final class WriteException extends IOException {
        private final long bytesNeeded;

        WriteException(long bytesNeeded, Exception cause) {
            super(cause.getMessage(), cause);
            this.bytesNeeded = bytesNeeded;
        }
    }

    /// @return whether the error or one of its causes says that the disk is full
    public static boolean isCauseOf(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof IOException
                    && at.getMessage() != null
                    && FULL.matcher(at.getMessage()).find()) {
                return true;
            }
        }
        return false;
    }

    /// @param what that was to be written, such as `a pack`
    /// @param folder on the full disk. Half-written files should be gone by now: they count as used.
    /// @param atLeast bytes that were needed, if the error does not know better
    /// @return RESOURCE `STORE_FULL`
    public static FailureException failure(String what, Path folder, long atLeast, Throwable error) {
        OptionalLong known = bytesNeeded(error);
        String needed = known.isPresent()
                ? "%,d bytes are needed".formatted(known.getAsLong())
                : "more than %,d bytes are needed".formatted(atLeast);
        return FailureException.resource(
                CODE,
                "The disk of %s has no room for %s: %s and %s free. Make room or prune; the work then continues by itself"
                        .formatted(folder, what, needed, free(folder)),
                error);
    }

    private static OptionalLong bytesNeeded(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof WriteException write) {
                return OptionalLong.of(write.bytesNeeded);
            }
        }
        return OptionalLong.empty();
    }

    private static String free(Path folder) {
        try {
            return "%,d are".formatted(Files.getFileStore(folder).getUsableSpace());
        } catch (IOException unknown) {
            return "an unknown number is";
        }
    }
}
