package io.peregrine.artifacts;

import io.peregrine.events.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/// A balanced set for any other trainer: every row's pixels, originals first, in `fit_resample`'s order. Rows are
/// made and written one by one: memory does not depend on the set.
public final class Export {
    /// What is written.
    public enum Form {
        /// `balanced.safetensors`: `X` f32 [rows, 3 · side · side], `y` i64 [rows].
        SAFETENSORS,
        /// `X.npy` and `y.npy`: the same arrays, as numpy saves them.
        NPY,
        /// `<class>/<ordinal>.png`, as torchvision's ImageFolder reads them; values rounded to whole levels.
        IMAGEFOLDER
    }

    private final BalancedRows set;
    private final Manifest manifest;
    private final PixelRows pixels;
    private final int values;

    /// @param pixels closed by the caller
    public Export(BalancedRows set, Manifest manifest, PixelRows pixels) {
        this.set = set;
        this.manifest = manifest;
        this.pixels = pixels;
        this.values = pixels.values();
    }

    /// @return bytes that the form takes; of an image folder at most
    public long bytes(Form form) {
        long each = form == Form.IMAGEFOLDER ? values + 4_096L : (long) values * Float.BYTES + Long.BYTES;
        return set.rows() * each + 4_096;
    }

    /// Writes the set, fsynced.
    ///
    /// @param folder made when missing; must not hold an export already
    /// @param written told the number of rows written so far; by several threads
    /// @throws Failure INPUT `DISK_TOO_SMALL` or `EXPORT_EXISTS`, before anything is written
    public void write(Form form, Path folder, LongConsumer written) throws IOException {
        Files.createDirectories(folder);
        try (var entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw Failure.input(
                        "EXPORT_EXISTS", "%s is not empty; name another folder, or empty it".formatted(folder));
            }
        }
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes(form) > free) {
            throw Failure.input(
                    "DISK_TOO_SMALL",
                    "%,d rows as %s take %,d bytes, and the disk of %s has %,d left"
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
            case IMAGEFOLDER -> writePictures(folder, written);
        }
        fsync(folder);
    }

    /// Version 1.0 of numpy's format: the header ends at a multiple of 64.
    private static byte[] npy(String type, String shape) {
        String header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }".formatted(type, shape);
        int padded = (10 + header.length() + 1 + 63) / 64 * 64 - 10;
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
        int padded = (header.length() + 7) / 8 * 8;
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
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeAt(channel, ByteBuffer.wrap(header), 0);
            long rowBytes = (long) values * Float.BYTES;
            ThreadLocal<Row> row = ThreadLocal.withInitial(() -> new Row(values));
            inParallel(written, ordinal -> {
                Row own = row.get();
                set.picture(pixels, ordinal, own.made);
                MemorySegment.copy(own.made, 0, MemorySegment.ofBuffer(own.bytes), LITTLE, 0, values);
                writeAt(channel, own.bytes.duplicate(), header.length + ordinal * rowBytes);
            });
            if (after != null) {
                writeAt(channel, after, header.length + set.rows() * rowBytes);
            }
            channel.force(true);
        }
    }

    private static final ValueLayout.OfFloat LITTLE =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final class Row {
        private final float[] made;
        private final ByteBuffer bytes;

        private Row(int values) {
            made = new float[values];
            bytes = ByteBuffer.allocateDirect(values * Float.BYTES);
        }
    }

    private void writePictures(Path folder, LongConsumer written) throws IOException {
        for (String name : manifest.classes()) {
            Files.createDirectories(folder.resolve(name));
        }
        inParallel(written, ordinal -> {
            float[] made = new float[values];
            set.picture(pixels, ordinal, made);
            byte[] png = new Sheet(manifest.side(), 1, 1).put(0, 0, made).png();
            Path file =
                    folder.resolve(manifest.classes().get(set.label(ordinal))).resolve("%07d.png".formatted(ordinal));
            try (FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writeAt(channel, ByteBuffer.wrap(png), 0);
                channel.force(true);
            }
        });
        for (String name : manifest.classes()) {
            fsync(folder.resolve(name));
        }
    }

    @FunctionalInterface
    private interface RowWriter {
        void write(int ordinal) throws IOException;
    }

    private void inParallel(LongConsumer written, RowWriter writer) throws IOException {
        AtomicLong done = new AtomicLong();
        try {
            IntStream.range(0, set.rows()).parallel().forEach(ordinal -> {
                try {
                    writer.write(ordinal);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                written.accept(done.incrementAndGet());
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
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
