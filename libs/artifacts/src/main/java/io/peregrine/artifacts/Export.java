package io.peregrine.artifacts;

import com.sun.nio.file.ExtendedOpenOption;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/// Exports a balanced set for other trainers: the pixels of every row, originals first, in `fit_resample`'s
/// order. Rows are computed and written block by block, so that memory use does not depend on the size of the
/// set.
public final class Export {
    /// Output formats.
    public enum Format {
        /// `balanced.safetensors`: `X` f32 [rows, 3 · side · side], `y` i64 [rows].
        SAFETENSORS,
        /// `X.npy` and `y.npy`: the same arrays in numpy's format.
        NPY,
        /// `<class>/<ordinal>.png`, as torchvision's ImageFolder reads them; values rounded to whole levels.
        IMAGEFOLDER
    }

    private static final long BLOCK_BYTES = 32L << 20;
    private static final int PAGE = 4_096;
    /// This number of rows fills whole pages for every side: a side is a multiple of 8, so a row takes a multiple
    /// of 768 bytes.
    private static final int PAGE_ROWS = 16;

    private final BalancedRows set;
    private final Manifest manifest;
    private final PixelRows pixels;
    private final int values;
    private final long blockBytes;

    /// @param pixels the caller must close it
    public Export(BalancedRows set, Manifest manifest, PixelRows pixels) {
        this(set, manifest, pixels, BLOCK_BYTES);
    }

    Export(BalancedRows set, Manifest manifest, PixelRows pixels, long blockBytes) {
        this.blockBytes = blockBytes;
        this.set = set;
        this.manifest = manifest;
        this.pixels = pixels;
        this.values = pixels.values();
    }

    /// @return bytes of the output; for an image folder the maximum
    public long bytes(Format form) {
        long each = form == Format.IMAGEFOLDER ? values + 4_096L : (long) values * Float.BYTES + Long.BYTES;
        return set.rows() * each + 2 * PAGE;
    }

    /// Writes the set and syncs it to disk.
    ///
    /// @param folder created if missing; must be empty
    /// @param written called with the number of rows written so far, from other threads
    /// @throws FailureException INPUT `DISK_TOO_SMALL` or `EXPORT_EXISTS`, before anything is written
    public void write(Format form, Path folder, LongConsumer written) throws IOException {
        Files.createDirectories(folder);
        try (var entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw FailureException.input(
                        "EXPORT_EXISTS", "%s is not empty; choose another folder or empty it".formatted(folder));
            }
        }
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes(form) > free) {
            throw FailureException.input(
                    "DISK_TOO_SMALL",
                    "%,d rows as %s take %,d bytes; the disk of %s has %,d free. Free space or use another disk"
                            .formatted(set.rows(), form.name().toLowerCase(Locale.ROOT), bytes(form), folder, free));
        }
        switch (form) {
            case NPY -> {
                writeRows(folder.resolve("X.npy"), npy("<f4", "(%d, %d)".formatted(set.rows(), values)), null, written);
                writeLabels(folder.resolve("y.npy"), npy("<i8", "(%d,)".formatted(set.rows())));
            }
            case SAFETENSORS -> {
                long x = (long) set.rows() * values * Float.BYTES;
                String header = """
                        {"X":{"dtype":"F32","shape":[%d,%d],"data_offsets":[0,%d]},"y":{"dtype":"I64","shape":[%d],"data_offsets":[%d,%d]}}""".formatted(set.rows(), values, x, set.rows(), x, x + 8L * set.rows());
                writeRows(folder.resolve("balanced.safetensors"), safetensors(header), labels(), written);
            }
            case IMAGEFOLDER -> writeImages(folder, written);
        }
        fsync(folder);
    }

    /// Version 1.0 of numpy's format, padded to a page.
    private static byte[] npy(String type, String shape) {
        String header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }".formatted(type, shape);
        int padded = PAGE - 10;
        ByteBuffer bytes = ByteBuffer.allocate(10 + padded).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) padded)
                .put(header.getBytes(StandardCharsets.US_ASCII));
        while (bytes.remaining() > 1) {
            bytes.put((byte) ' ');
        }
        return bytes.put((byte) '\n').array();
    }

    private static byte[] safetensors(String header) {
        int padded = PAGE - 8;
        return ByteBuffer.allocate(8 + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put((header + " ".repeat(padded - header.length())).getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private ByteBuffer labels() {
        ByteBuffer labels =
                ByteBuffer.allocate(Math.multiplyExact(set.rows(), Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        for (int ordinal = 0; ordinal < set.rows(); ordinal++) {
            labels.putLong(set.label(ordinal));
        }
        return labels.flip();
    }

    private void writeLabels(Path file, byte[] header) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeAt(channel, ByteBuffer.wrap(header), 0);
            writeAt(channel, labels(), header.length);
            channel.force(true);
        }
    }

    private void writeRows(Path file, byte[] header, ByteBuffer after, LongConsumer written) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                FileChannel direct = openDirect(file)) {
            writeAt(channel, ByteBuffer.wrap(header), 0);
            long end = streamRows(direct == null ? channel : direct, channel, header.length, written);
            if (after != null) {
                writeAt(channel, after, end);
            }
            channel.force(true);
        }
    }

    /// Opens a channel that bypasses the page cache. An export is written once and may be larger than memory, so
    /// that it would only evict the packs that it reads.
    ///
    /// @return null if the file system does not support this
    private static FileChannel openDirect(Path file) throws IOException {
        if (Files.getFileStore(file).getBlockSize() > PAGE) {
            return null;
        }
        try {
            return FileChannel.open(file, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);
        } catch (UnsupportedOperationException | IOException e) {
            return null;
        }
    }

    /// All cores compute the rows of a block while the previous block is written. Disks are fastest at sequential
    /// writes.
    ///
    /// @param pages receives whole pages
    /// @param rest receives the rest of the last page
    /// @param from offset of the first row, at a page boundary
    /// @return offset after the last row
    private long streamRows(FileChannel pages, FileChannel rest, long from, LongConsumer written) throws IOException {
        long rowBytes = (long) values * Float.BYTES;
        int most = Math.toIntExact(Math.max(1, blockBytes / (PAGE_ROWS * rowBytes)) * PAGE_ROWS);
        most = Math.min(most, Math.ceilDiv(set.rows(), PAGE_ROWS) * PAGE_ROWS);
        ByteBuffer[] blocks = {block(most * rowBytes), block(most * rowBytes)};
        try (ExecutorService disk = Executors.newSingleThreadExecutor()) {
            Future<?> writing = CompletableFuture.completedFuture(null);
            for (int begin = 0, turn = 0; begin < set.rows(); begin += most, turn = 1 - turn) {
                int first = begin;
                int rows = Math.min(most, set.rows() - begin);
                int bytes = Math.toIntExact(rows * rowBytes);
                ByteBuffer block = blocks[turn];
                MemorySegment memory = MemorySegment.ofBuffer(block.clear());
                IntStream.range(0, rows)
                        .parallel()
                        .forEach(row -> set.image(pixels, first + row, memory, (long) row * values));
                await(writing);
                writing = disk.submit(() -> {
                    int whole = bytes / PAGE * PAGE;
                    writeAt(pages, block.slice(0, whole), from + first * rowBytes);
                    writeAt(rest, block.slice(whole, bytes - whole), from + first * rowBytes + whole);
                    written.accept(first + rows);
                    return null;
                });
            }
            await(writing);
        }
        return from + set.rows() * rowBytes;
    }

    private static ByteBuffer block(long bytes) {
        return ByteBuffer.allocateDirect(Math.toIntExact(bytes + PAGE)).alignedSlice(PAGE);
    }

    private static void await(Future<?> writing) throws IOException {
        try {
            writing.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException disk) {
                throw disk;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while writing an export");
        }
    }

    private void writeImages(Path folder, LongConsumer written) throws IOException {
        for (String name : manifest.classes()) {
            Files.createDirectories(folder.resolve(name));
        }
        AtomicLong done = new AtomicLong();
        try {
            IntStream.range(0, set.rows()).parallel().forEach(ordinal -> {
                writeImage(folder, ordinal);
                written.accept(done.incrementAndGet());
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (String name : manifest.classes()) {
            fsync(folder.resolve(name));
        }
    }

    private void writeImage(Path folder, int ordinal) {
        float[] made = new float[values];
        set.image(pixels, ordinal, made);
        byte[] png = new ContactSheet(manifest.side(), 1, 1).put(0, 0, made).png();
        Path file = folder.resolve(manifest.classes().get(set.label(ordinal))).resolve("%07d.png".formatted(ordinal));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeAt(channel, ByteBuffer.wrap(png), 0);
            channel.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void writeAt(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        for (long at = position; bytes.hasRemaining(); ) {
            at += channel.write(bytes, at);
        }
    }

    private static void fsync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
