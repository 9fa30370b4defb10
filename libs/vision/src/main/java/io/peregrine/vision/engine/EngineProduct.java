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
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// [MatrixProduct] with the engine. On the CPU it works in the engine's memory without copies. On a GPU each
/// block is copied to the device once for all its products, and each product is copied back.
public final class EngineProduct implements MatrixProduct {
    /// Rows of the probe: enough for a GPU to use the same kernels as for whole blocks.
    private static final int PROBED_ROWS = 256;

    private final NDManager host;
    private final NDManager manager;

    /// Multiplies on the CPU.
    ///
    /// @throws FailureException INTERNAL `PRODUCTS_INEXACT`, if this engine rounds where float32 does not, for
    ///     example with reduced-precision products enabled
    public EngineProduct() {
        this(Device.cpu());
    }

    /// @param device the CPU, or one of the engine's GPUs, as [TorchEngine#device] returns it
    /// @throws FailureException INTERNAL `PRODUCTS_INEXACT`, if the engine rounds on this device where float32
    ///     does not
    public EngineProduct(Device device) {
        this(device, device.isGpu());
    }

    /// @param staged whether blocks are filled outside the memory that is multiplied, which a GPU requires
    public EngineProduct(Device device, boolean staged) {
        this.manager = engine().newBaseManager(device);
        this.host = staged ? engine().newBaseManager(Device.cpu()) : manager;
        probe();
    }

    /// A block in the engine's memory. Its handles are created once and reused: a call then costs microseconds.
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

        /// A handle determines its shape at the first request and caches it in a plain field of an object without
        /// final fields. If two threads make the first request at once, one of them may see a shape without
        /// dimensions. So the shape is requested here, on one thread.
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

    /// Limits the engine of this process to one thread per product, for callers that multiply on several threads.
    /// Do not use it in a process that also trains: a training's bits depend on the engine's thread count.
    public static void onOneEngineThread() {
        // The native library must be loaded before the setting.
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

    /// Checks one sum, because balancing depends on exact sums. 1,023 · 127² + 127 · 126 is odd and above 2²³, so
    /// it needs all 24 bits of a float32 sum.
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
                            "the engine computes a product as %.0f instead of %.0f on %s: disable reduced-precision products (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=0), or set peregrine.balance.product=plain"
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
