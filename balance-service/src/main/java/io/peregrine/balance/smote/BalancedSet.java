package io.peregrine.balance.smote;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.random.Mt19937;
import java.util.List;

/// The balanced set in `fit_resample`'s order, and its shuffle into shards.
///
/// The shuffle is numpy's `RandomState(seed).permutation(rows)` of the ordinals, so it does not depend on the
/// order in which jobs finish.
public final class BalancedSet {
    private final long[] base;
    private final long[] neighbour;
    private final double[] gap;
    private final long[] label;
    private final int[] order;
    private final int shardRows;

    /// @param trainRows manifest rows of all real training images, ascending: ordinal → row
    /// @param labels class indices by ordinal
    /// @param classes recipes of the classes that grew, in label order; their ordinals continue after the real
    ///     rows
    /// @param seed of the shuffle
    /// @throws IllegalArgumentException if an ordinal is missing or occurs twice
    public BalancedSet(int[] trainRows, int[] labels, List<RecipeShard> classes, long seed) {
        int real = trainRows.length;
        int rows = real + classes.stream().mapToInt(RecipeShard::rows).sum();
        base = new long[rows];
        neighbour = new long[rows];
        gap = new double[rows];
        label = new long[rows];
        for (int ordinal = 0; ordinal < real; ordinal++) {
            base[ordinal] = trainRows[ordinal];
            neighbour[ordinal] = trainRows[ordinal];
            label[ordinal] = labels[ordinal];
        }
        int next = real;
        for (RecipeShard recipes : classes) {
            for (int i = 0; i < recipes.rows(); i++, next++) {
                if (recipes.ordinal()[i] != next) {
                    throw new IllegalArgumentException(
                            "ordinal %d was found where %d was expected: recipes must be in label order, each class once"
                                    .formatted(recipes.ordinal()[i], next));
                }
                base[next] = recipes.base()[i];
                neighbour[next] = recipes.neighbour()[i];
                gap[next] = recipes.gap()[i];
                label[next] = recipes.label()[i];
            }
        }
        order = new Mt19937(seed).permutation(rows);
        shardRows = shardRows(rows);
    }

    /// All shards are listed in one event of less than 64 KiB. This number of references takes 35 KB.
    private static final int MOST_SHARDS = 200;

    /// @return rows of a full shard: 4,096, doubled until a larger set fits into [#MOST_SHARDS] shards
    static int shardRows(long rows) {
        int shard = RecipeShard.ROWS;
        while (Math.ceilDiv(rows, shard) > MOST_SHARDS) {
            shard *= 2;
        }
        return shard;
    }

    /// @return rows, real and synthetic
    public int rows() {
        return order.length;
    }

    /// @return number of shards; the last may have fewer rows
    public int shards() {
        return Math.ceilDiv(rows(), shardRows);
    }

    /// @param index 0 to shards − 1
    /// @return rows of that shard
    public int rowsOf(int index) {
        return Math.min(shardRows, rows() - index * shardRows);
    }

    /// @param index 0 to shards − 1
    public RecipeShard shard(int index) {
        int from = index * shardRows;
        int n = rowsOf(index);
        RecipeShard shard = new RecipeShard(new long[n], new long[n], new double[n], new long[n], new long[n]);
        for (int i = 0; i < n; i++) {
            int ordinal = order[from + i];
            shard.base()[i] = base[ordinal];
            shard.neighbour()[i] = neighbour[ordinal];
            shard.gap()[i] = gap[ordinal];
            shard.label()[i] = label[ordinal];
            shard.ordinal()[i] = ordinal;
        }
        return shard;
    }
}
