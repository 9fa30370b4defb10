package io.peregrine.vision.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Access to the values of the engine's tensors.
public final class TensorMemory {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private TensorMemory() {}

    /// @param tensor contiguous, in CPU memory
    /// @return the tensor's own memory; writing to it changes the tensor
    /// @throws IllegalStateException if the tensor is on another device or not contiguous
    public static MemorySegment of(NDArray tensor) {
        ByteBuffer buffer = tensor.toByteBuffer(true);
        if (!buffer.isDirect()) {
            throw new IllegalStateException("the engine gave a copy of " + tensor.getName() + " instead of its memory");
        }
        return MemorySegment.ofBuffer(buffer.order(ORDER));
    }

    /// @return a copy of a tensor's values, from any device
    public static MemorySegment copy(NDArray tensor) {
        try (NDManager step = tensor.getManager().newSubManager()) {
            return MemorySegment.ofBuffer(handle(tensor, step).toByteBuffer(false));
        }
    }

    /// @return a handle on the same memory, attached to another manager
    public static NDArray handle(NDArray tensor, NDManager manager) {
        NDArray handle = tensor.stopGradient();
        handle.attach(manager);
        return handle;
    }
}
