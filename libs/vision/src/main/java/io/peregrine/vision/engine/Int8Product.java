package io.peregrine.vision.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import io.peregrine.events.FailureException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/// [MatrixProduct] with the engine's int8 product (`torch._int_mm`), summed in int32. On CPUs with VNNI
/// instructions it is three to four times as fast as [EngineProduct], on others slower. Multiplies on the CPU,
/// with one engine thread per calling thread.
public final class Int8Product implements MatrixProduct {
    /// A block in the engine's memory.
    ///
    /// @param values the array's memory
    record Int8Block(NDArray array, MemorySegment values) implements Block {
        static Int8Block of(NDArray array) {
            // Request the handle's shape on one thread: see EngineBlock.
            array.getShape();
            return new Int8Block(array, MemorySegment.ofBuffer(array.toByteBuffer(true)));
        }

        @Override
        public Block rows(int from, int to) {
            return of(array.get(new NDIndex("%d:%d".formatted(from, to))));
        }
    }

    private static final int PROBED_ROWS = 32;
    private static final ThreadLocal<Boolean> ON_ONE_THREAD = ThreadLocal.withInitial(() -> {
        JniUtils.setNumThreads(1);
        return true;
    });

    private final NDManager manager;
    private final TorchScriptFunction function;

    /// @throws FailureException INTERNAL `PRODUCTS_INEXACT`, if this engine does not multiply bytes exactly:
    ///     without the right instructions, sums of two products may saturate at 16 bits
    public Int8Product() {
        this.manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
        try {
            this.function = new TorchScriptFunction(
                    manager, "left: Tensor, right: Tensor", "return torch._int_mm(left, torch.t(right))");
            probe();
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    @Override
    public Element element() {
        return Element.INT8;
    }

    @Override
    public Block block(int rows) {
        return Int8Block.of(manager.zeros(new Shape(rows, Element.INT8.width()), DataType.INT8));
    }

    @Override
    public void multiply(Block left, Block right, Consumer<MemorySegment> product) {
        ON_ONE_THREAD.get();
        try (NDArray result = function.of(
                TorchScriptFunction.tensor(((Int8Block) left).array()),
                TorchScriptFunction.tensor(((Int8Block) right).array()))) {
            product.accept(MemorySegment.ofBuffer(result.toByteBuffer(true)));
        }
    }

    /// Balancing depends on exact sums, so it checks the largest sums and those that would saturate.
    private void probe() {
        int values = Element.INT8.width();
        Block left = block(PROBED_ROWS);
        Block right = block(PROBED_ROWS);
        for (int row = 0; row < PROBED_ROWS; row++) {
            for (int value = 0; value < values; value++) {
                long at = (long) row * values + value;
                left.values().set(ValueLayout.JAVA_BYTE, at, (byte) (row % 2 == 0 ? -128 : 127));
                right.values().set(ValueLayout.JAVA_BYTE, at, (byte) (row % 3 == 0 ? -128 : 127 - value % 2));
            }
        }
        multiply(left, right, found -> {
            for (int i = 0; i < PROBED_ROWS; i++) {
                for (int j = 0; j < PROBED_ROWS; j++) {
                    int one = i % 2 == 0 ? -128 : 127;
                    int exact = j % 3 == 0 ? one * -128 * values : one * (127 * values - values / 2);
                    int is = found.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * (i * PROBED_ROWS + j));
                    if (is != exact) {
                        throw FailureException.internal(
                                "PRODUCTS_INEXACT",
                                "the engine computes an int8 product as %,d instead of %,d; set peregrine.balance.product=float32"
                                        .formatted(is, exact),
                                null);
                    }
                }
            }
        });
    }

    @Override
    public void close() {
        function.close();
        manager.close();
    }
}
