package io.peregrine.balance.smote;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The inner products of two parts' pictures, as far as their blocks have been multiplied: in 32 bits as long as they
/// fit, then in 64.
final class Sums {
    private final Centred centred;
    private final int[] recent;
    /// Null if all blocks together fit into 32 bits.
    private final long[] earlier;

    private int blocks;

    /// @param count inner products
    /// @param blocks that will be added at most
    Sums(Centred centred, int count, int blocks) {
        this.centred = centred;
        this.recent = new int[count];
        this.earlier = blocks > Tiling.FLUSH ? new long[count] : null;
    }

    /// Adds one block's products.
    ///
    /// @param product f32 [count], whole numbers of at most 2²⁴
    void add(MemorySegment product) {
        centred.add(product, recent, recent.length);
        if (++blocks % Tiling.FLUSH == 0 && earlier != null) {
            for (int i = 0; i < recent.length; i++) {
                earlier[i] += recent[i];
            }
            Arrays.fill(recent, 0);
        }
    }

    /// Adds the sums of other blocks.
    ///
    /// @param other of the same pair of parts; with no more blocks than this was made for, both together
    void add(Sums other) {
        for (int i = 0; i < recent.length; i++) {
            if (earlier == null) {
                recent[i] += other.recent[i];
            } else {
                earlier[i] += other.at(i);
            }
        }
    }

    long at(int i) {
        return earlier == null ? recent[i] : earlier[i] + recent[i];
    }

    void clear() {
        Arrays.fill(recent, 0);
        if (earlier != null) {
            Arrays.fill(earlier, 0);
        }
        blocks = 0;
    }
}
