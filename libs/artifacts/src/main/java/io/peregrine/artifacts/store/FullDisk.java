package io.peregrine.artifacts.store;

import io.peregrine.events.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// Detects a full disk (ENOSPC) or an exhausted quota (EDQUOT), and reports how many bytes are needed.
public final class FullDisk {
    /// Code of the failure: the job waits until there is space.
    public static final String CODE = "STORE_FULL";

    // Java reports both errors only by the C library's text.
    private static final Pattern FULL =
            Pattern.compile("No space left on device|Disk quota exceeded|not enough space on the disk");

    private FullDisk() {}

    /// A write error that includes the intended size of the file.
    @SuppressWarnings("serial")
    public static final class WriteException extends IOException {
        private final long bytesNeeded;

        public WriteException(long bytesNeeded, Exception cause) {
            super(cause.getMessage(), cause);
            this.bytesNeeded = bytesNeeded;
        }
    }

    /// @return whether the error or one of its causes reports a full disk
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

    /// @param what kind of file that was to be written, such as `a pack`
    /// @param folder a folder on the full disk; delete temporary files first, because they count as used
    /// @param atLeast lower bound of the bytes that were needed, if the error does not contain the number
    /// @return RESOURCE `STORE_FULL`
    public static FailureException failure(String what, Path folder, long atLeast, Throwable error) {
        OptionalLong known = bytesNeeded(error);
        String needed = known.isPresent()
                ? "%,d bytes are needed".formatted(known.getAsLong())
                : "more than %,d bytes are needed".formatted(atLeast);
        return FailureException.resource(
                CODE,
                "The disk of %s has no space for %s: %s and %s free. Free space or prune; work then continues by itself"
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
