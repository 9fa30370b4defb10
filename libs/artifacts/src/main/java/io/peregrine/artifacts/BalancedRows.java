package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Rows of a balanced set by ordinal, which is their index in `fit_resample`'s output. They are read from the
/// shuffled shards and take 28 bytes each.
public final class BalancedRows {
    private final int[] base;
    private final int[] neighbour;
    private final double[] gap;
    private final int[] label;

    private BalancedRows(int rows) {
        base = new int[rows];
        neighbour = new int[rows];
        gap = new double[rows];
        label = new int[rows];
    }

    /// @param shards all shards, in any order
    /// @param rows total number of rows in all shards
    /// @throws FailureException INTERNAL if a shard is missing or changed, or an ordinal is missing or duplicate
    public static BalancedRows open(ArtifactStore store, List<ArtifactRef> shards, int rows) {
        BalancedRows set = new BalancedRows(rows);
        boolean[] seen = new boolean[rows];
        int found = 0;
        for (ArtifactRef ref : shards) {
            RecipeShard shard = RecipeShard.open(store, ref);
            for (int i = 0; i < shard.rows(); i++, found++) {
                long ordinal = shard.ordinal()[i];
                if (ordinal < 0 || ordinal >= rows || seen[(int) ordinal]) {
                    throw FailureException.internal(
                            "SHARD_CORRUPT",
                            "%s has ordinal %d, which is duplicate or not below %d, the number of rows"
                                    .formatted(ref.uri(), ordinal, rows),
                            null);
                }
                int at = (int) ordinal;
                seen[at] = true;
                set.base[at] = (int) shard.base()[i];
                set.neighbour[at] = (int) shard.neighbour()[i];
                set.gap[at] = shard.gap()[i];
                set.label[at] = (int) shard.label()[i];
            }
        }
        if (found != rows) {
            throw FailureException.internal(
                    "SHARD_CORRUPT", "%d shards have %d rows, not %d".formatted(shards.size(), found, rows), null);
        }
        return set;
    }

    public int rows() {
        return base.length;
    }

    /// @return manifest row
    public int base(int ordinal) {
        return base[ordinal];
    }

    /// @return manifest row; for a real or repeated image the base
    public int neighbour(int ordinal) {
        return neighbour[ordinal];
    }

    /// @return 0 to below 1
    public double gap(int ordinal) {
        return gap[ordinal];
    }

    public int label(int ordinal) {
        return label[ordinal];
    }

    /// Computes a row's image.
    ///
    /// @param out f32 [3 · side · side]
    public void image(PixelRows pixels, int ordinal, float[] out) {
        image(pixels, ordinal, MemorySegment.ofArray(out), 0);
    }

    /// Computes a row's image into memory of any kind.
    ///
    /// @param out receives 3 · side · side float32 pixels, from `at`
    /// @param at offset in floats
    public void image(PixelRows pixels, int ordinal, MemorySegment out, long at) {
        RecipeShard.blend(pixels.image(base[ordinal]), pixels.image(neighbour[ordinal]), gap[ordinal], out, at);
    }
}
