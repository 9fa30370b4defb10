package io.peregrine.balance.neighbours;

import io.peregrine.vision.engine.MatrixProduct.Element;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The inner products of the images of two parts, summed over the blocks that were multiplied so far: in 32 bits
/// as long as they fit, then in 64.
final class Accumulator {
    private final PixelCentering centred;
    private final Element element;
    private final int part;
    private final int[] recent;
    /// Null if all blocks together fit into 32 bits.
    private final long[] earlier;

    private int blocks;

    /// @param part number of images in each part
    /// @param blocks maximum number of blocks that will be added
    Accumulator(PixelCentering centred, Element element, int part, int blocks) {
        this.centred = centred;
        this.element = element;
        this.part = part;
        this.recent = new int[part * part];
        this.earlier = (long) blocks * element.width() > Tiling.FLUSH ? new long[part * part] : null;
    }

    /// Adds the products of one block, of all rows or of the first.
    ///
    /// @param product [rows, part], as returned by [MatrixProduct#multiply]
    void add(MemorySegment product) {
        add(product, 0, 0, Math.toIntExact(product.byteSize() / Integer.BYTES));
    }

    private void add(MemorySegment product, int from, int at, int count) {
        switch (element) {
            case FLOAT32 -> centred.add(product, from, recent, at, count);
            case INT8 -> centred.addInts(product, from, recent, at, count);
        }
    }

    /// Adds the products of one block, of the last rows with the last columns.
    ///
    /// @param product [part − from, part − from]
    void addCorner(MemorySegment product, int from) {
        int columns = part - from;
        for (int row = 0; row < columns; row++) {
            add(product, row * columns, (from + row) * part + from, columns);
        }
    }

    /// Must be called after all products of a block were added.
    void blockDone() {
        if (++blocks % (Tiling.FLUSH / element.width()) == 0 && earlier != null) {
            for (int i = 0; i < recent.length; i++) {
                earlier[i] += recent[i];
            }
            Arrays.fill(recent, 0);
        }
    }

    /// Adds the sums of other blocks.
    ///
    /// @param other for the same pair of parts; both together must not exceed the maximum number of blocks
    void add(Accumulator other) {
        for (int i = 0; i < recent.length; i++) {
            if (earlier == null) {
                recent[i] += other.recent[i];
            } else {
                earlier[i] += other.at(i);
            }
        }
    }

    /// @return inner product of the left part's i-th image and the right part's j-th
    long at(int i, int j) {
        return at(i * part + j);
    }

    private long at(int i) {
        return earlier == null ? recent[i] : earlier[i] + recent[i];
    }

    void clear() {
        Arrays.fill(recent, 0);
        if (earlier != null) {
            Arrays.fill(earlier, 0);
        }
        blocks = 0;
    }
}
