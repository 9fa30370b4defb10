package io.peregrine.vision;

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
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// [MatrixProduct] by the engine. On the processor in its own memory: nothing is copied. On a GPU each block is
/// copied there once for all its products, and each product back.
public final class EngineProduct implements MatrixProduct {
    /// Rows of the probe: enough that a GPU takes the kernels that it takes for whole blocks.
    private static final int PROBED_ROWS = 256;

    private final NDManager host;
    private final NDManager manager;

    /// Multiplies on the processor.
    ///
    /// @throws Failure OURS `PRODUCTS_INEXACT`, if this engine rounds where float32 does not, as with
    ///     reduced-precision products switched on
    public EngineProduct() {
        this(Device.cpu());
    }

    /// @param device the processor, or a GPU that the engine has, as [TorchEngine#device] finds it
    /// @throws Failure OURS `PRODUCTS_INEXACT`, if the engine rounds there where float32 does not
    public EngineProduct(Device device) {
        this(device, device.isGpu());
    }

    /// @param staged whether blocks are filled beside the memory that is multiplied from, as a GPU's must be
    public EngineProduct(Device device, boolean staged) {
        this.manager = engine().newBaseManager(device);
        this.host = staged ? engine().newBaseManager(Device.cpu()) : manager;
        probe();
    }

    /// A block in the engine's memory. Its handles are made once for as long as they serve: a call then costs
    /// microseconds.
    static final class EngineBlock implements Block {
        private record View(int from, int to, EngineBlock block) {}

        private final NDManager manager;
        private final NDArray filled;
        private final MemorySegment values;
        private final List<View> views = new ArrayList<>();
        private NDArray array;
        private NDArray transposed;

        private EngineBlock(NDManager manager, NDArray filled) {
            this.manager = manager;
            this.filled = filled;
            this.values = MemorySegment.ofBuffer(filled.toByteBuffer(true));
            multiplyFrom(filled);
        }

        @Override
        public Block rows(int from, int to) {
            EngineBlock block = new EngineBlock(manager, slice(filled, from, to));
            views.add(new View(from, to, block));
            return block;
        }

        private static NDArray slice(NDArray of, int from, int to) {
            return of.get(new NDIndex("%d:%d".formatted(from, to)));
        }

        /// A handle looks its shape up at the first question and keeps it in a plain field, in an object
        /// without final fields: asked first by two threads at once, one of them may see a shape without
        /// numbers. So it is asked here.
        private void multiplyFrom(NDArray place) {
            array = place;
            transposed = place.transpose();
            array.getShape();
            transposed.getShape();
        }

        @Override
        public MemorySegment values() {
            return values;
        }

        @Override
        public void filled() {
            NDArray there = filled.toDevice(manager.getDevice(), true);
            there.attach(manager);
            moveTo(there);
            for (View view : views) {
                view.block().moveTo(slice(there, view.from(), view.to()));
            }
        }

        private void moveTo(NDArray there) {
            transposed.close();
            if (array != filled) {
                array.close();
            }
            multiplyFrom(there);
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
    public boolean isStaged() {
        return host != manager;
    }

    @Override
    public Block block(int rows) {
        return new EngineBlock(manager, host.zeros(new Shape(rows, Element.FLOAT32.width()), DataType.FLOAT32));
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
        try (NDManager probed = host.newSubManager();
                NDManager there = manager.newSubManager()) {
            Shape shape = new Shape(PROBED_ROWS, Element.FLOAT32.width());
            NDArray left = probed.full(shape, 127, DataType.FLOAT32).toDevice(there.getDevice(), false);
            NDArray right = probed.full(shape, 127, DataType.FLOAT32);
            right.set(new NDIndex(":, 0"), 126);
            right = right.toDevice(there.getDevice(), false);
            left.attach(there);
            right.attach(there);
            float exact = 1_023 * 127 * 127 + 127 * 126;
            for (float found : left.matMul(right.transpose()).toFloatArray()) {
                if (found != exact) {
                    throw FailureException.internal(
                            "PRODUCTS_INEXACT",
                            "the engine multiplies to %.0f instead of %.0f on %s: switch reduced-precision products off (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=0), or set peregrine.balance.product=plain"
                                    .formatted(found, exact, manager.getDevice()),
                            null);
                }
            }
        }
    }

    @Override
    public void close() {
        manager.close();
        host.close();
    }
}
