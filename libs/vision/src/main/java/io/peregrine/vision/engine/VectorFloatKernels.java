package io.peregrine.vision.engine;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [FloatKernels] with the Vector API: the same operations in the same order, with the same fused multiply-adds.
final class VectorFloatKernels extends FloatKernels {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    /// Has as many bytes as a vector has floats, but at least 64 bits, the shortest byte vector.
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.length() * Byte.SIZE)));

    private static final int PARTS = BYTES.length() / FLOATS.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    @Override
    public void adam(
            AdamStep s,
            MemorySegment weights,
            MemorySegment gradients,
            MemorySegment means,
            MemorySegment squares,
            long from,
            long to) {
        long i = from;
        for (; i <= to - FLOATS.length(); i += FLOATS.length()) {
            long at = 4 * i;
            FloatVector g =
                    FloatVector.fromMemorySegment(FLOATS, gradients, at, ORDER).mul(s.clipFactor());
            FloatVector m = FloatVector.fromMemorySegment(FLOATS, means, at, ORDER);
            m = g.sub(m).lanewise(VectorOperators.FMA, FloatVector.broadcast(FLOATS, s.meanNew()), m);
            FloatVector kept =
                    FloatVector.fromMemorySegment(FLOATS, squares, at, ORDER).mul(s.squareKept());
            FloatVector v = g.mul(s.squareNew()).lanewise(VectorOperators.FMA, g, kept);
            FloatVector root = v.lanewise(VectorOperators.SQRT);
            FloatVector moved = m.mul(s.rate()).div(root.div(s.correction()).add(s.epsilon()));
            m.intoMemorySegment(means, at, ORDER);
            v.intoMemorySegment(squares, at, ORDER);
            FloatVector.fromMemorySegment(FLOATS, weights, at, ORDER)
                    .mul(s.weightKept())
                    .sub(moved)
                    .intoMemorySegment(weights, at, ORDER);
        }
        super.adam(s, weights, gradients, means, squares, i, to);
    }

    @Override
    void widen(MemorySegment pixels, long from, MemorySegment to, long toByte) {
        long i = from;
        for (; i <= pixels.byteSize() - BYTES.length(); i += BYTES.length()) {
            ByteVector bytes = ByteVector.fromMemorySegment(BYTES, pixels, i, ORDER);
            for (int part = 0; part < PARTS; part++) {
                IntVector whole = bytes.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, part)
                        .reinterpretAsInts();
                whole.convertShape(VectorOperators.I2F, FLOATS, 0)
                        .reinterpretAsFloats()
                        .intoMemorySegment(to, toByte + 4L * (i + part * FLOATS.length()), ORDER);
            }
        }
        super.widen(pixels, i, to, toByte);
    }
}
