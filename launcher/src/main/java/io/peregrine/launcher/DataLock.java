package io.peregrine.launcher;

import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// The lock of a data folder, held by the launcher that uses the folder. The operating system releases it when
/// the launcher exits for any reason.
public final class DataLock implements AutoCloseable {
    private final FileChannel channel;

    private DataLock(FileChannel channel) {
        this.channel = channel;
    }

    /// @return the lock, unless another process has it
    /// @throws RefusedException if the folder cannot be used
    public static Optional<DataLock> take(Path data) {
        try {
            Files.createDirectories(data.resolve("logs"));
            FileChannel channel =
                    FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() != null) {
                    return Optional.of(new DataLock(channel));
                }
            } catch (OverlappingFileLockException thisProcess) {
                // Handled like a lock held by another process.
            }
            channel.close();
            return Optional.empty();
        } catch (IOException e) {
            throw new RefusedException("Cannot use the data folder %s: %s.".formatted(data, e));
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
