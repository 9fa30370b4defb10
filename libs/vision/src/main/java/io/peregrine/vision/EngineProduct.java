package io.peregrine.vision;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// [MatrixProduct] by the engine, in its own memory: nothing is copied.
public final class EngineProduct implements MatrixProduct {
    private final NDManager manager;
    private final NDArray left;
    private final NDArray right;
    private final MemorySegment leftMemory;
    private final MemorySegment rightMemory;

    /// @param rows the most that either side may have
    public EngineProduct(int rows) {
        this.manager = engine().newBaseManager(Device.cpu());
        Shape shape = new Shape(rows, VALUES);
        this.left = manager.zeros(shape, DataType.FLOAT32);
        this.right = manager.zeros(shape, DataType.FLOAT32);
        this.leftMemory = MemorySegment.ofBuffer(left.toByteBuffer(true));
        this.rightMemory = MemorySegment.ofBuffer(right.toByteBuffer(true));
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
    public MemorySegment left() {
        return leftMemory;
    }

    @Override
    public MemorySegment right() {
        return rightMemory;
    }

    @Override
    public void multiply(int leftRows, int rightRows, Consumer<MemorySegment> product) {
        multiply(left, leftRows, right, rightRows, product);
    }

    @Override
    public void multiplyLeftByItself(int leftRows, Consumer<MemorySegment> product) {
        multiply(left, leftRows, left, leftRows, product);
    }

    private void multiply(NDArray a, int aRows, NDArray b, int bRows, Consumer<MemorySegment> product) {
        try (NDManager step = manager.newSubManager()) {
            NDArray first = part(a, aRows, step);
            NDArray second = part(b, bRows, step).transpose();
            second.attach(step);
            NDArray result = first.matMul(second);
            result.attach(step);
            product.accept(MemorySegment.ofBuffer(result.toByteBuffer(true)));
        }
    }

    private NDArray part(NDArray side, int count, NDManager step) {
        NDArray part = side.get(step, NDIndex.sliceAxis(0, 0, count));
        part.attach(step);
        return part;
    }

    @Override
    public void close() {
        manager.close();
    }
}
