package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.peregrine.events.FailureException;
import io.peregrine.vision.engine.FloatKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A batch: images, f32 [rows, 3, side, side] in memory that the engine reads in place, and labels, i64 [rows].
/// Not thread-safe.
public final class Batch implements AutoCloseable {
    private final int side;
    private final Arena arena = arena();
    private final MemorySegment pixels;
    private final long[] labels;
    private final FloatKernels floats = FloatKernels.fastest();
    private int count;

    /// @param capacity rows of a full batch
    /// @param side of the square images
    /// @throws FailureException INPUT `BATCH_TOO_LARGE`, if a full batch would take 2 GiB or more
    public Batch(int capacity, int side) {
        long image = 4L * 3 * side * side;
        if (capacity * image > Integer.MAX_VALUE) {
            throw FailureException.input(
                    "BATCH_TOO_LARGE",
                    "a batch of %,d images of side %d takes %,d bytes; at most %,d are allowed. Use a batchSize of at most %,d"
                            .formatted(capacity, side, capacity * image, Integer.MAX_VALUE, Integer.MAX_VALUE / image));
        }
        this.side = side;
        this.pixels = arena.allocate(capacity * image, 64);
        this.labels = new long[capacity];
    }

    @SuppressWarnings("MustBeClosedChecker") // close() closes it.
    private static Arena arena() {
        return Arena.ofShared();
    }

    /// @return f32 [3, side, side] of one row, to be filled
    public MemorySegment row(int row) {
        long bytes = 4L * 3 * side * side;
        return pixels.asSlice(row * bytes, bytes);
    }

    /// Sets the class of one row.
    ///
    /// @param label index of the class, from 0
    public void label(int row, long label) {
        labels[row] = label;
    }

    /// @return index of the row's class
    public long label(int row) {
        return labels[row];
    }

    /// Sets the number of filled rows, 1 to the capacity.
    public void count(int rows) {
        count = rows;
    }

    /// @return number of filled rows
    public int count() {
        return count;
    }

    /// @return f32 [rows, 3, side, side], 0 to 255, attached to the manager
    public NDArray pixels(NDManager manager) {
        long values = (long) count * 3 * side * side;
        return manager.create(
                pixels.asSlice(0, 4 * values).asByteBuffer().order(ByteOrder.nativeOrder()),
                new Shape(count, 3, side, side),
                DataType.FLOAT32);
    }

    /// @return i64 [rows], attached to the manager
    public NDArray labels(NDManager manager) {
        return manager.create(Arrays.copyOf(labels, count), new Shape(count));
    }

    /// Fills a row from bytes, 0 to 255.
    ///
    /// @param image u8 [3, side, side]
    public void fill(int row, MemorySegment image) {
        floats.widen(image, row(row), 0);
    }

    @Override
    public void close() {
        arena.close();
    }
}
