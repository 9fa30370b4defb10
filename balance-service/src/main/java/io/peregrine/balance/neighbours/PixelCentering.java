package io.peregrine.balance.neighbours;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The inner loops of the neighbour search in plain Java. They run where the Vector API is not available, and are
/// the specification of [VectorPixelCentering].
sealed class PixelCentering permits VectorPixelCentering {
    /// @return the Vector API version if this JVM was started with `--add-modules jdk.incubator.vector`
    static PixelCentering fastest() {
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        return vectors ? new VectorPixelCentering() : new PixelCentering();
    }

    /// Writes pixels as centred floats, x − 128.
    ///
    /// @param pixels u8; `count` values are read starting at `from`: at most 1,024, so that the sum is exact
    /// @param to f32; written starting at byte `toByte`
    /// @return the sum of their squares
    float centre(MemorySegment pixels, long from, int count, MemorySegment to, long toByte) {
        float squares = 0;
        for (int i = 0; i < count; i++) {
            byte centred = (byte) (pixels.get(ValueLayout.JAVA_BYTE, from + i) ^ 0x80);
            to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, toByte + 4L * i, centred);
            squares += centred * centred;
        }
        return squares;
    }

    /// Writes pixels as centred bytes, x − 128.
    ///
    /// @param pixels u8; `count` values are read starting at `from`: at most 131,071, so that the sum is exact
    /// @param to i8; written starting at byte `toByte`
    /// @return the sum of their squares
    int centreBytes(MemorySegment pixels, long from, int count, MemorySegment to, long toByte) {
        int squares = 0;
        for (int i = 0; i < count; i++) {
            byte centred = (byte) (pixels.get(ValueLayout.JAVA_BYTE, from + i) ^ 0x80);
            to.set(ValueLayout.JAVA_BYTE, toByte + i, centred);
            squares += centred * centred;
        }
        return squares;
    }

    /// Adds integers to sums.
    ///
    /// @param product i32; `count` values are read starting at `from`
    /// @param at index in the sums of the first value
    void addInts(MemorySegment product, int from, int[] sums, int at, int count) {
        for (int i = 0; i < count; i++) {
            sums[at + i] += product.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * (from + i));
        }
    }

    /// Adds integers that are stored as floats to sums.
    ///
    /// @param product f32, integers of at most 2²⁴; `count` values are read starting at `from`
    /// @param at index in the sums of the first value
    void add(MemorySegment product, int from, int[] sums, int at, int count) {
        for (int i = 0; i < count; i++) {
            sums[at + i] += (int) product.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (from + i));
        }
    }
}
