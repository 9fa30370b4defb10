package io.peregrine.balance.smote;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.random.Mt19937;
import java.util.Arrays;

/// Draws a class's recipes as imbalanced-learn 0.14.2 does for the same integer `random_state`.
public final class Recipes {
    private Recipes() {}

    /// A fresh stream for the class: first all integers (which picture, which neighbour), then all gaps.
    ///
    /// @param rows manifest rows of the class's training pictures, ascending: place → row
    /// @param synthetic how many to draw
    /// @param seed 0 to 4,294,967,295
    /// @param firstOrdinal place of the first in `fit_resample`'s output
    public static RecipeShard draw(
            int[] rows, Neighbours neighbours, int synthetic, long seed, int label, long firstOrdinal) {
        Mt19937 random = new Mt19937(seed);
        int k = neighbours.k();
        long[] base = new long[synthetic];
        long[] neighbour = new long[synthetic];
        for (int i = 0; i < synthetic; i++) {
            int drawn = (int) random.below((long) rows.length * k);
            base[i] = rows[drawn / k];
            neighbour[i] = rows[neighbours.nearest()[drawn]];
        }
        double[] gap = new double[synthetic];
        Arrays.setAll(gap, i -> random.uniform());
        long[] labels = new long[synthetic];
        Arrays.fill(labels, label);
        long[] ordinal = new long[synthetic];
        Arrays.setAll(ordinal, i -> firstOrdinal + i);
        return new RecipeShard(base, neighbour, gap, labels, ordinal);
    }
}
