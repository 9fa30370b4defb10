package io.peregrine.balance.smote;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.events.spec.RunSpec.Strategy;
import io.peregrine.random.Mt19937;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/// Random over- and under-sampling: the same images that imbalanced-learn 0.14.2 picks for the same integer
/// `random_state`. One random stream is used for all classes, in label order.
public final class RandomPicks {
    private RandomPicks() {}

    /// As `RandomOverSampler`: repeats real images, drawn with replacement.
    ///
    /// @param rowsOf manifest rows of a class's training images, ascending
    /// @return recipes of each class that grows; base and neighbour are the same image, the gap is 0
    public static List<RecipeShard> over(BalancePlan plan, IntFunction<int[]> rowsOf, long seed) {
        Mt19937 random = new Mt19937(seed);
        List<RecipeShard> all = new ArrayList<>();
        for (ClassSize size : plan.growing()) {
            int[] rows = rowsOf.apply(size.label());
            int count = Math.toIntExact(size.synthetic());
            long[] base = new long[count];
            Arrays.setAll(base, i -> rows[(int) random.below(rows.length)]);
            long[] label = new long[count];
            Arrays.fill(label, size.label());
            long first = plan.firstOrdinal(size.label());
            long[] ordinal = new long[count];
            Arrays.setAll(ordinal, i -> first + i);
            all.add(new RecipeShard(base, base.clone(), new double[count], label, ordinal));
        }
        return all;
    }

    /// As `RandomUnderSampler`: keeps the first images of a permutation of each class that is drawn, without
    /// replacement. Classes follow one another.
    ///
    /// @return manifest rows of the images that remain, in the reference's order
    public static int[] under(BalancePlan plan, Strategy strategy, IntFunction<int[]> rowsOf, long seed) {
        Mt19937 random = new Mt19937(seed);
        List<ClassSize> present =
                plan.sizes().stream().filter(size -> size.real() > 0).toList();
        List<int[]> kept = new ArrayList<>();
        for (ClassSize size : present) {
            int[] rows = rowsOf.apply(size.label());
            if (UnderSampling.isDrawn(strategy, size, present)) {
                int[] order = random.permutation(rows.length);
                int[] drawn = new int[(int) size.rows()];
                Arrays.setAll(drawn, i -> rows[order[i]]);
                kept.add(drawn);
            } else {
                kept.add(rows);
            }
        }
        return kept.stream().flatMapToInt(Arrays::stream).toArray();
    }
}
