package io.peregrine.ingest.pack;

import io.peregrine.artifacts.store.FullDisk;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// Buffer for the decoded images of a pack until the pack is written. It is off-heap memory, or a file on the
/// disk of the store if the images are larger than a limit. 256 images of side 416 are 133 MB, of side 2,048 they
/// are 3.2 GB.
///
/// Thread-safe. The file is unlinked as soon as it is open, so nothing of it remains however the process ends.
final class DecodedPixels implements AutoCloseable {
    /// Packs up to this many bytes are kept in memory. Two packs are made at the same time.
    static final long IN_MEMORY = 256L << 20;

    private final Arena arena = Arena.ofShared();
    private final Path folder;
    private final long bytes;
    private final FileChannel file;
    private long end;

    /// @param bytes of all images together
    /// @param inMemory limit up to which they are kept in memory
    /// @param folder for the file
    /// @throws FailureException RESOURCE if the file cannot be created
    DecodedPixels(long bytes, long inMemory, Path folder) {
        this.folder = folder;
        this.bytes = bytes;
        this.file = bytes <= inMemory ? null : unlinkedFile(folder, bytes);
    }

    private static FileChannel unlinkedFile(Path folder, long bytes) {
        Path path = folder.resolve("aside").resolve(UUID.randomUUID().toString());
        try {
            Files.createDirectories(path.getParent());
            FileChannel file = FileChannel.open(
                    path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
            Files.delete(path);
            return file;
        } catch (IOException e) {
            throw refused(folder, bytes, e);
        }
    }

    /// @param planes u8 [3, side, side]
    /// @return the same bytes, valid until this is closed
    /// @throws FailureException RESOURCE `STORE_FULL` if the disk is full
    MemorySegment store(byte[] planes) {
        if (file == null) {
            return arena.allocateFrom(ValueLayout.JAVA_BYTE, planes);
        }
        try {
            long at = reserve(planes.length);
            ByteBuffer rest = ByteBuffer.wrap(planes);
            // Written, not memory-mapped for writing: a full disk then raises an exception instead of killing the
            // process.
            while (rest.hasRemaining()) {
                file.write(rest, at + rest.position());
            }
            return file.map(MapMode.READ_ONLY, at, planes.length, arena);
        } catch (IOException e) {
            throw refused(folder, bytes, e);
        }
    }

    private synchronized long reserve(int bytes) {
        long at = end;
        end += bytes;
        return at;
    }

    private static FailureException refused(Path folder, long bytes, IOException e) {
        if (FullDisk.isCauseOf(e)) {
            return FullDisk.failure("a pack's decoded images", folder, bytes, e);
        }
        return FailureException.resource(
                "STORE_UNREACHABLE", "decoded images cannot be buffered in " + folder + ": " + e, e);
    }

    @Override
    public void close() {
        arena.close();
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                throw refused(folder, bytes, e);
            }
        }
    }
}
