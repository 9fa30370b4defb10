package io.peregrine.trainer.run;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.events.Split;
import io.peregrine.vision.nn.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// Rows to train on or to measure: recipes over a manifest's images.
///
/// @param base manifest row [n]
/// @param neighbour manifest row [n]; the base itself where the image is real
/// @param gap [n], 0 where the image is real
/// @param label [n]
public record TrainingRows(long[] base, long[] neighbour, double[] gap, long[] label) {

    /// @return all rows of shards, in their order
    public static TrainingRows ofShards(List<RecipeShard> shards) {
        return of(shards, Long.MAX_VALUE);
    }

    /// @param real number of real rows of the balanced set
    /// @return the shards' real rows alone, in their order
    public static TrainingRows ofRealRows(List<RecipeShard> shards, long real) {
        return of(shards, real);
    }

    private static TrainingRows of(List<RecipeShard> shards, long ordinalsBelow) {
        List<int[]> kept = new ArrayList<>();
        for (int s = 0; s < shards.size(); s++) {
            for (int i = 0; i < shards.get(s).rows(); i++) {
                if (shards.get(s).ordinal()[i] < ordinalsBelow) {
                    kept.add(new int[] {s, i});
                }
            }
        }
        int n = kept.size();
        TrainingRows rows = new TrainingRows(new long[n], new long[n], new double[n], new long[n]);
        for (int i = 0; i < n; i++) {
            RecipeShard shard = shards.get(kept.get(i)[0]);
            int at = kept.get(i)[1];
            rows.base[i] = shard.base()[at];
            rows.neighbour[i] = shard.neighbour()[at];
            rows.gap[i] = shard.gap()[at];
            rows.label[i] = shard.label()[at];
        }
        return rows;
    }

    /// @return the accepted images of a split, in row order
    public static TrainingRows ofSplit(Manifest manifest, Split split) {
        int[] rows = manifest.rowsOf(split);
        long[] base = IntStream.of(rows).asLongStream().toArray();
        long[] label = IntStream.of(rows).mapToLong(manifest::label).toArray();
        return new TrainingRows(base, base, new double[rows.length], label);
    }

    public int count() {
        return base.length;
    }

    /// Fills a batch with the rows `order[from]` to `order[to − 1]`.
    void fill(Batch batch, PixelRows pixels, int[] order, int from, int to) {
        for (int i = from; i < to; i++) {
            int row = order[i];
            MemorySegment image = pixels.image(base[row]);
            if (gap[row] == 0) {
                batch.fill(i - from, image);
            } else {
                float[] blended = new float[pixels.values()];
                RecipeShard.blend(image, pixels.image(neighbour[row]), gap[row], blended, 0);
                MemorySegment.copy(blended, 0, batch.row(i - from), ValueLayout.JAVA_FLOAT, 0, blended.length);
            }
            batch.label(i - from, label[row]);
        }
        batch.count(to - from);
    }
}
