package io.peregrine.cluster.analysis;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// Points in a space, float32, row by row.
///
/// @param count number of points
/// @param dimensions values of each
/// @param values [count, dimensions], row-major
public record Points(int count, int dimensions, float[] values) {
    public Points {
        if (count < 0 || dimensions < 1 || (long) count * dimensions != values.length) {
            throw new IllegalArgumentException("%d points of %d dimensions are %d values, not %d"
                    .formatted(count, dimensions, (long) count * dimensions, values.length));
        }
    }

    /// @return the value of a point along a dimension
    float at(int point, int dimension) {
        return values[point * dimensions + dimension];
    }

    /// @return the given points, in the given order
    public Points rows(int... chosen) {
        float[] copy = new float[Math.multiplyExact(chosen.length, dimensions)];
        for (int i = 0; i < chosen.length; i++) {
            System.arraycopy(values, chosen[i] * dimensions, copy, i * dimensions, dimensions);
        }
        return new Points(chosen.length, dimensions, copy);
    }

    /// @return number of different points; k-means leaves clusters empty if k is larger
    int distinct() {
        // FloatBuffer hashes only the integer parts, which are 0 for small values. Adding 0 turns −0 into 0.
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToIntBits(values[i] + 0f));
        Set<IntBuffer> different = new HashSet<>();
        for (int i = 0; i < count; i++) {
            different.add(IntBuffer.wrap(bits, i * dimensions, dimensions));
        }
        return different.size();
    }

    /// @return the mean point, summed in double in row order
    double[] mean() {
        double[] mean = new double[dimensions];
        for (int at = 0; at < values.length; ) {
            for (int j = 0; j < dimensions; j++) {
                mean[j] += values[at++];
            }
        }
        for (int j = 0; j < dimensions; j++) {
            mean[j] /= count;
        }
        return mean;
    }

    /// @param sign +1 or −1
    /// @return every point moved by sign · offset, in float32 as in scikit-learn
    Points moved(float[] offset, int sign) {
        float[] moved = values.clone();
        for (int at = 0; at < moved.length; ) {
            for (int j = 0; j < dimensions; j++) {
                moved[at++] += sign * offset[j];
            }
        }
        return new Points(count, dimensions, moved);
    }

    /// Two sets are equal when their values are, bit for bit.
    @Override
    public boolean equals(Object other) {
        return other instanceof Points points
                && count == points.count
                && dimensions == points.dimensions
                && Arrays.equals(values, points.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }
}
