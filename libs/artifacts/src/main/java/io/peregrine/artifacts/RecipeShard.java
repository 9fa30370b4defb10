package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/// Rows of a balanced set as recipes. Each recipe refers to a real image or interpolates between two. Synthetic
/// pixels are never stored.
///
/// Chawla, Bowyer, Hall, Kegelmeyer, "SMOTE: Synthetic Minority Over-sampling Technique", 2002, in the arithmetic
/// of imbalanced-learn 0.14.2 on `X.astype(float32)`.
///
/// @param base manifest row [n]
/// @param neighbour manifest row [n]; for a real image the base itself
/// @param gap [n], 0 to below 1; 0 for a real image
/// @param label [n]
/// @param ordinal [n], index of the row in `fit_resample`'s output over the train split in row order; real if
///     below the number of real rows
public record RecipeShard(long[] base, long[] neighbour, double[] gap, long[] label, long[] ordinal) {
    /// Number of rows of a full shard.
    public static final int ROWS = 4_096;

    public RecipeShard {
        int n = base.length;
        if (neighbour.length != n || gap.length != n || label.length != n || ordinal.length != n) {
            throw new IllegalArgumentException("A recipe shard's columns must be equally long, not %d, %d, %d, %d, %d"
                    .formatted(n, neighbour.length, gap.length, label.length, ordinal.length));
        }
    }

    public int rows() {
        return base.length;
    }

    /// @param metadata strings for the header; must not depend on a run, time, host or path
    public ArtifactRef publish(ArtifactPublisher publisher, Map<String, String> metadata) {
        long[] shape = {rows()};
        SafetensorsWriter writer = new SafetensorsWriter();
        metadata.forEach(writer::metadata);
        writer.add("base", shape, base)
                .add("neighbour", shape, neighbour)
                .add("gap", shape, gap)
                .add("label", shape, label)
                .add("ordinal", shape, ordinal);
        return publisher.publish("shard", "safetensors", writer::writeTo);
    }

    /// @throws FailureException INTERNAL if the artifact is missing, changed or not a shard
    public static RecipeShard open(ArtifactStore store, ArtifactRef ref) {
        try (Safetensors file = Safetensors.open(store, ref)) {
            return new RecipeShard(
                    file.tensor("base").longs(),
                    file.tensor("neighbour").longs(),
                    file.tensor("gap").doubles(),
                    file.tensor("label").longs(),
                    file.tensor("ordinal").longs());
        }
    }

    /// Computes one synthetic image: `(float) (b + gap · (n − b))`, in double, without fused multiply-add, as
    /// numpy computes it for float32 pixels and a float64 gap.
    ///
    /// @param base u8 [values]
    /// @param neighbour u8 [values]
    /// @param out receives the float32 pixels, from `at`
    public static void blend(MemorySegment base, MemorySegment neighbour, double gap, float[] out, int at) {
        blend(base, neighbour, gap, MemorySegment.ofArray(out), at);
    }

    /// Same as above into memory of any kind.
    ///
    /// @param at offset in floats
    public static void blend(MemorySegment base, MemorySegment neighbour, double gap, MemorySegment out, long at) {
        int values = (int) base.byteSize();
        for (int i = 0; i < values; i++) {
            int b = base.get(ValueLayout.JAVA_BYTE, i) & 0xff;
            int n = neighbour.get(ValueLayout.JAVA_BYTE, i) & 0xff;
            out.set(ValueLayout.JAVA_FLOAT_UNALIGNED, (at + i) * Float.BYTES, (float) (b + gap * (n - b)));
        }
    }
}
