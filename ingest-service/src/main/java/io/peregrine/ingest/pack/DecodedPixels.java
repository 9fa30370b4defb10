package io.peregrine.ingest.pack;

import io.peregrine.artifacts.FullDisk;
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

/// Where a pack's decoded images are kept until the pack is written: in memory outside the heap, and in a file
/// beside the store where that would be too much. 256 images of side 416 are 133 MB, of side 2,048 they are 3.2
/// GB.
///
/// Safe for several threads. The file has no name once it is open, so nothing of it is left behind, however this
/// process ends.
final class DecodedPixels implements AutoCloseable {
    /// Packs up to this many bytes are kept in memory. Two packs are made at the same time.
    static final long IN_MEMORY = 256L << 20;

    private final Arena arena = Arena.ofShared();
    private final Path folder;
    private final long bytes;
    private final FileChannel file;
    private long end;

    /// @param bytes of all images together
    /// @param inMemory bytes up to which they are kept in memory
    /// @param folder for the file
    /// @throws Failure RESOURCE, if the file cannot be made
    DecodedPixels(long bytes, long inMemory, Path folder) {
        this.folder = folder;
        this.bytes = bytes;
        this.file = bytes <= inMemory ? null : nameless(folder, bytes);
    }

    private static FileChannel nameless(Path folder, long bytes) {
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
    /// @return the same, as long as this is open
    /// @throws Failure RESOURCE `STORE_FULL`, if the disk has no room
    MemorySegment keep(byte[] planes) {
        if (file == null) {
            return arena.allocateFrom(ValueLayout.JAVA_BYTE, planes);
        }
        try {
            long at = reserve(planes.length);
            ByteBuffer rest = ByteBuffer.wrap(planes);
            // Written, not mapped for writing: a full disk is then an exception, not a dead process.
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
                "STORE_UNREACHABLE", "decoded images cannot be kept in " + folder + ": " + e, e);
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
