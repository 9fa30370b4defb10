package io.peregrine.balance.smote;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.random.Mt19937;
import java.util.Arrays;

/// Draws the recipes of a class, either as imbalanced-learn 0.14.2 does for the same integer `random_state`, or
/// with each image as base equally often.
public final class Recipes {
    private Recipes() {}

    /// Uses a new random stream for the class: first all integers (which image, which neighbour), then all gaps.
    ///
    /// @param rows manifest rows of the class's training images, ascending, by position in the class
    /// @param synthetic number of recipes to draw
    /// @param seed 0 to 4,294,967,295
    /// @param firstOrdinal position of the first in `fit_resample`'s output
    public static RecipeShard draw(
            int[] rows, Neighbours neighbours, int synthetic, long seed, int label, long firstOrdinal) {
        Mt19937 random = new Mt19937(seed);
        long choices = (long) rows.length * neighbours.k();
        int[] drawn = new int[synthetic];
        Arrays.setAll(drawn, i -> (int) random.below(choices));
        return recipes(rows, neighbours, drawn, random, label, firstOrdinal);
    }

    /// The quota of the paper (Chawla and others, 2002). Each image is a base ⌊synthetic / images⌋ times, round
    /// after round in row order. The remainder uses the first images of a permutation. The random stream draws
    /// the permutation if there is a remainder, then all neighbours, then all gaps.
    public static RecipeShard drawEvenly(
            int[] rows, Neighbours neighbours, int synthetic, long seed, int label, long firstOrdinal) {
        Mt19937 random = new Mt19937(seed);
        int n = rows.length;
        int rounds = synthetic / n * n;
        int[] last = rounds < synthetic ? random.permutation(n) : new int[0];
        int[] drawn = new int[synthetic];
        for (int i = 0; i < synthetic; i++) {
            int base = i < rounds ? i % n : last[i - rounds];
            drawn[i] = base * neighbours.k() + (int) random.below(neighbours.k());
        }
        return recipes(rows, neighbours, drawn, random, label, firstOrdinal);
    }

    /// @param drawn for each recipe: base · k + rank of the neighbour
    private static RecipeShard recipes(
            int[] rows, Neighbours neighbours, int[] drawn, Mt19937 random, int label, long firstOrdinal) {
        int synthetic = drawn.length;
        long[] base = new long[synthetic];
        long[] neighbour = new long[synthetic];
        for (int i = 0; i < synthetic; i++) {
            base[i] = rows[drawn[i] / neighbours.k()];
            neighbour[i] = rows[neighbours.nearest()[drawn[i]]];
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
