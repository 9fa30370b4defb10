package io.peregrine.vision;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import io.peregrine.events.Failure;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/// [MatrixProduct] by the engine, in its own memory: nothing is copied.
public final class EngineProduct implements MatrixProduct {
    private final NDManager manager;

    /// @throws Failure OURS `PRODUCTS_INEXACT`, if this engine rounds where float32 does not, as with
    ///     reduced-precision products switched on
    public EngineProduct() {
        this.manager = engine().newBaseManager(Device.cpu());
        probe();
    }

    /// A block in the engine's memory. Its two handles are made once: a call then costs microseconds.
    static final class EngineBlock implements Block {
        private final NDArray array;
        private final NDArray transposed;
        private final MemorySegment values;

        private EngineBlock(NDArray array) {
            this.array = array;
            this.transposed = array.transpose();
            this.values = MemorySegment.ofBuffer(array.toByteBuffer(true));
            // A handle looks its shape up at the first question and keeps it in a plain field, in an object without
            // final
            // fields: asked first by two threads at once, one of them may see a shape without numbers. So it is asked
            // here.
            array.getShape();
            transposed.getShape();
        }

        @Override
        public MemorySegment values() {
            return values;
        }
    }

    /// Has the engine of this process use one thread for each product, for callers that multiply on several
    /// threads of their own. Not for a process that also trains: a training's bits depend on the engine's
    /// thread count.
    public static void onOneEngineThread() {
        // The natives must be loaded before they can be told.
        engine();
        JniUtils.setNumThreads(1);
    }

    private static Engine engine() {
        return Engine.getEngine("PyTorch");
    }

    @Override
    public Block block(int rows) {
        return new EngineBlock(manager.zeros(new Shape(rows, VALUES), DataType.FLOAT32));
    }

    @Override
    public void multiply(Block left, Block right, Consumer<MemorySegment> product) {
        try (NDArray result = ((EngineBlock) left).array.matMul(((EngineBlock) right).transposed)) {
            product.accept(MemorySegment.ofBuffer(result.toByteBuffer(true)));
        }
    }

    /// Everything rests on exact sums, so one is looked at: 1,023 · 127² + 127 · 126 is odd and above 2²³, so it
    /// takes all 24 bits of a sum in float32.
    private void probe() {
        Block left = block(1);
        Block right = block(1);
        for (int i = 0; i < VALUES; i++) {
            left.values().setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, 127);
            right.values().setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, i == 0 ? 126 : 127);
        }
        float exact = 1_023 * 127 * 127 + 127 * 126;
        multiply(left, right, product -> {
            float found = product.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
            if (found != exact) {
                throw Failure.ours(
                        "PRODUCTS_INEXACT",
                        "the engine multiplies to %.0f instead of %.0f: switch reduced-precision products off (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=0), or set peregrine.balance.product=plain"
                                .formatted(found, exact),
                        null);
            }
        });
    }

    @Override
    public void close() {
        manager.close();
    }
}
