package io.peregrine.vision;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The inner loops over float32, as plain Java: what runs where the Vector API is not there, and the
/// specification of [VectorFloatKernels] everywhere. Both give the same bits.
sealed class FloatKernels permits VectorFloatKernels {
    static final ValueLayout.OfFloat LAYOUT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /// @return by the Vector API if this JVM was started with `--add-modules jdk.incubator.vector`
    static FloatKernels fastest() {
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        return vectors ? new VectorFloatKernels() : new FloatKernels();
    }

    /// What one step of Adam has in common for all values.
    ///
    /// @param clipFactor what each gradient is multiplied by first; 1: nothing changes
    /// @param weightKept what each weight is multiplied by first; 1: nothing changes
    /// @param meanNew 1 − β1, the share of the new gradient in the mean
    /// @param squareKept β2, the share of the old in the mean of squares
    /// @param squareNew 1 − β2
    /// @param rate learning rate over the mean's bias correction
    /// @param correction root of the square's bias correction
    record AdamStep(
            float clipFactor,
            float weightKept,
            float meanNew,
            float squareKept,
            float squareNew,
            float rate,
            float correction,
            float epsilon) {}

    /// Moves values `from` to before `to` by one step of Adam, as PyTorch 2.7.1 computes it, bit for bit: its
    /// `lerp_` and `addcmul_` are compiled to fused multiply-adds, its `addcdiv_` is not.
    void adam(
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
    /// @return the sum of their squares, added up in order
    static double squares(MemorySegment values) {
        double sum = 0;
        for (long i = 0; i < values.byteSize() / Float.BYTES; i++) {
            double value = values.getAtIndex(LAYOUT, i);
            sum += value * value;
        }
        return sum;
    }

    /// Writes bytes as floats, 0 … 255.
    ///
    /// @param pixels u8 [n]
    /// @param to f32, written from byte `toByte` on
    void widen(MemorySegment pixels, MemorySegment to, long toByte) {
        widen(pixels, 0, to, toByte);
    }

    void widen(MemorySegment pixels, long from, MemorySegment to, long toByte) {
        for (long i = from; i < pixels.byteSize(); i++) {
            to.set(LAYOUT, toByte + 4 * i, pixels.get(ValueLayout.JAVA_BYTE, i) & 0xff);
        }
    }
}
