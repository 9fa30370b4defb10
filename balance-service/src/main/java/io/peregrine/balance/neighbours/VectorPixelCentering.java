package io.peregrine.balance.neighbours;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [PixelCentering] with vectors. x − 128 is computed by flipping the byte's highest bit and reading it as
/// signed.
final class VectorPixelCentering extends PixelCentering {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    /// As many bytes as a vector has floats; byte vectors have at least 64 bits.
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.length() * Byte.SIZE)));

    private static final int PARTS = BYTES.length() / FLOATS.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    @Override
    float centre(MemorySegment pixels, long from, int count, MemorySegment to, long toByte) {
        FloatVector squares = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= count - BYTES.length(); i += BYTES.length()) {
            ByteVector centred = ByteVector.fromMemorySegment(BYTES, pixels, from + i, ORDER)
                    .lanewise(VectorOperators.XOR, (byte) 0x80);
            for (int part = 0; part < PARTS; part++) {
                FloatVector values =
                        centred.convertShape(VectorOperators.B2F, FLOATS, part).reinterpretAsFloats();
                values.intoMemorySegment(to, toByte + 4L * (i + part * FLOATS.length()), ORDER);
                squares = values.fma(values, squares);
            }
        }
        return squares.reduceLanes(VectorOperators.ADD)
                + super.centre(pixels, from + i, count - i, to, toByte + 4L * i);
    }

    @Override
    int centreBytes(MemorySegment pixels, long from, int count, MemorySegment to, long toByte) {
        IntVector squares = IntVector.zero(INTS);
        int i = 0;
        for (; i <= count - BYTES.length(); i += BYTES.length()) {
            ByteVector centred = ByteVector.fromMemorySegment(BYTES, pixels, from + i, ORDER)
                    .lanewise(VectorOperators.XOR, (byte) 0x80);
            centred.intoMemorySegment(to, toByte + i, ORDER);
            for (int part = 0; part < PARTS; part++) {
                IntVector values =
                        centred.convertShape(VectorOperators.B2I, INTS, part).reinterpretAsInts();
                squares = squares.add(values.mul(values));
            }
        }
        return squares.reduceLanes(VectorOperators.ADD)
                + super.centreBytes(pixels, from + i, count - i, to, toByte + i);
    }

    @Override
    void addInts(MemorySegment product, int from, int[] sums, int at, int count) {
        int i = 0;
        for (; i <= count - INTS.length(); i += INTS.length()) {
            IntVector.fromArray(INTS, sums, at + i)
                    .add(IntVector.fromMemorySegment(INTS, product, 4L * (from + i), ORDER))
                    .intoArray(sums, at + i);
        }
        super.addInts(product, from + i, sums, at + i, count - i);
    }

    @Override
    void add(MemorySegment product, int from, int[] sums, int at, int count) {
        int i = 0;
        for (; i <= count - FLOATS.length(); i += FLOATS.length()) {
            FloatVector whole = FloatVector.fromMemorySegment(FLOATS, product, 4L * (from + i), ORDER);
            IntVector.fromArray(INTS, sums, at + i)
                    .add(whole.convertShape(VectorOperators.F2I, INTS, 0))
                    .intoArray(sums, at + i);
        }
        super.add(product, from + i, sums, at + i, count - i);
    }
}
