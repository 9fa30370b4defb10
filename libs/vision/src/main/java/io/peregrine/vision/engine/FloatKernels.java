package io.peregrine.vision.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Inner loops over float32 in plain Java. They run where the Vector API is missing, and they are the
/// specification of [VectorFloatKernels]. Both give the same bits.
public sealed class FloatKernels permits VectorFloatKernels {
    public static final ValueLayout.OfFloat LAYOUT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /// @return kernels with the Vector API if this JVM was started with `--add-modules jdk.incubator.vector`
    public static FloatKernels fastest() {
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        return vectors ? new VectorFloatKernels() : new FloatKernels();
    }

    /// The values that one step of Adam uses for all weights.
    ///
    /// @param clipFactor factor of each gradient; 1 without clipping
    /// @param weightKept factor of each weight before the step; 1 without weight decay
    /// @param meanNew 1 − β1, the weight of the new gradient in the mean
    /// @param squareKept β2, the weight of the old mean of squares
    /// @param squareNew 1 − β2
    /// @param rate learning rate divided by the mean's bias correction
    /// @param correction root of the bias correction of the mean of squares
    public record AdamStep(
            float clipFactor,
            float weightKept,
            float meanNew,
            float squareKept,
            float squareNew,
            float rate,
            float correction,
            float epsilon) {}

    /// Updates the values from `from` to before `to` by one step of Adam, with the same bits as PyTorch 2.7.1.
    /// PyTorch compiles `lerp_` and `addcmul_` to fused multiply-adds, but not `addcdiv_`.
    public void adam(
            AdamStep s,
            MemorySegment weights,
            MemorySegment gradients,
            MemorySegment means,
            MemorySegment squares,
            long from,
            long to) {
        for (long i = from; i < to; i++) {
            float g = gradients.getAtIndex(LAYOUT, i) * s.clipFactor();
            float m = means.getAtIndex(LAYOUT, i);
            m = Math.fma(s.meanNew(), g - m, m);
            float v = Math.fma(s.squareNew() * g, g, squares.getAtIndex(LAYOUT, i) * s.squareKept());
            float moved = m * s.rate() / ((float) Math.sqrt(v) / s.correction() + s.epsilon());
            means.setAtIndex(LAYOUT, i, m);
            squares.setAtIndex(LAYOUT, i, v);
            weights.setAtIndex(LAYOUT, i, weights.getAtIndex(LAYOUT, i) * s.weightKept() - moved);
        }
    }

    /// @param values f32 [n]
    /// @return the sum of their squares, added in order
    public static double squares(MemorySegment values) {
        double sum = 0;
        for (long i = 0; i < values.byteSize() / Float.BYTES; i++) {
            double value = values.getAtIndex(LAYOUT, i);
            sum += value * value;
        }
        return sum;
    }

    /// Converts bytes to floats, 0 … 255.
    ///
    /// @param pixels u8 [n]
    /// @param to f32, written from byte offset `toByte`
    public void widen(MemorySegment pixels, MemorySegment to, long toByte) {
        widen(pixels, 0, to, toByte);
    }

    void widen(MemorySegment pixels, long from, MemorySegment to, long toByte) {
        for (long i = from; i < pixels.byteSize(); i++) {
            to.set(LAYOUT, toByte + 4 * i, pixels.get(ValueLayout.JAVA_BYTE, i) & 0xff);
        }
    }
}
