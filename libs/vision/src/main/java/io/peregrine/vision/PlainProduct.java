package io.peregrine.vision;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/// [MatrixProduct] in plain Java: what [EngineProduct] is tested against, and what multiplies where the
/// engine's native library does not run.
public final class PlainProduct implements MatrixProduct {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment left;
    private final MemorySegment right;
    private final MemorySegment product;

    /// @param rows the most that either side may have
    public PlainProduct(int rows) {
        left = floats((long) rows * VALUES);
        right = floats((long) rows * VALUES);
        product = floats((long) rows * rows);
    }

    private MemorySegment floats(long count) {
        return arena.allocate(ValueLayout.JAVA_FLOAT, count);
    }

    @Override
    public MemorySegment left() {
        return left;
    }

    @Override
    public MemorySegment right() {
        return right;
    }

    @Override
    public void multiply(int leftRows, int rightRows, Consumer<MemorySegment> to) {
        multiply(leftRows, right, rightRows, to);
    }

    @Override
    public void multiplyLeftByItself(int leftRows, Consumer<MemorySegment> to) {
        multiply(leftRows, left, leftRows, to);
    }

    private void multiply(int leftRows, MemorySegment other, int otherRows, Consumer<MemorySegment> to) {
        for (int i = 0; i < leftRows; i++) {
            for (int j = 0; j < otherRows; j++) {
                product.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * otherRows + j, inner(left, i, other, j));
            }
        }
        to.accept(product.asSlice(0, (long) leftRows * otherRows * Float.BYTES));
    }

    private static float inner(MemorySegment a, int aRow, MemorySegment b, int bRow) {
        float sum = 0;
        for (int v = 0; v < VALUES; v++) {
            sum += a.getAtIndex(ValueLayout.JAVA_FLOAT, aRow * (long) VALUES + v)
                    * b.getAtIndex(ValueLayout.JAVA_FLOAT, bRow * (long) VALUES + v);
        }
        return sum;
    }

    @Override
    public void close() {
        arena.close();
    }
}
