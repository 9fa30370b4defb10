package io.peregrine.vision.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/// [MatrixProduct] in plain Java: the reference in tests of [EngineProduct], and the fallback where the engine's
/// native library does not run.
public final class PlainProduct implements MatrixProduct {
    private final Arena arena = arena();

    @SuppressWarnings("MustBeClosedChecker") // close() closes it.
    private static Arena arena() {
        return Arena.ofShared();
    }

    record PlainBlock(int rows, MemorySegment values) implements Block {
        @Override
        public Block rows(int from, int to) {
            long row = Element.FLOAT32.rowBytes();
            return new PlainBlock(to - from, values.asSlice(from * row, (to - from) * row));
        }
    }

    @Override
    public Block block(int rows) {
        return new PlainBlock(rows, arena.allocate(ValueLayout.JAVA_FLOAT, (long) rows * Element.FLOAT32.width()));
    }

    @Override
    public void multiply(Block left, Block right, Consumer<MemorySegment> to) {
        int leftRows = ((PlainBlock) left).rows();
        int rightRows = ((PlainBlock) right).rows();
        float[] product = new float[Math.multiplyExact(leftRows, rightRows)];
        for (int i = 0; i < leftRows; i++) {
            for (int j = 0; j < rightRows; j++) {
                product[i * rightRows + j] = inner(left.values(), i, right.values(), j);
            }
        }
        to.accept(MemorySegment.ofArray(product));
    }

    private static float inner(MemorySegment a, int aRow, MemorySegment b, int bRow) {
        float sum = 0;
        int values = Element.FLOAT32.width();
        for (int v = 0; v < values; v++) {
            sum += a.getAtIndex(ValueLayout.JAVA_FLOAT, aRow * (long) values + v)
                    * b.getAtIndex(ValueLayout.JAVA_FLOAT, bRow * (long) values + v);
        }
        return sum;
    }

    @Override
    public void close() {
        arena.close();
    }
}
