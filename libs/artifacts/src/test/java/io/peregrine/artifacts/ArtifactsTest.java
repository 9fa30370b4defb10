package io.peregrine.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.Split;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactsTest {
    @TempDir
    Path folder;

    private ArtifactStore store;

    @BeforeEach
    void openStore() {
        store = new FileStore(folder);
    }

    @Test
    void aManifestFindsEachImageByItsRow() {
        ArtifactRef first =
                PixelPack.publish(store.unreferenced(), Map.of("side", "8"), 8, List.of(image(1), image(2)));
        ArtifactRef second = PixelPack.publish(store.unreferenced(), Map.of("side", "8"), 8, List.of(image(3)));
        Manifest manifest = new Manifest(
                8,
                List.of("Baroque", "Cubism"),
                List.of(first, second),
                List.of(
                        new Entry(1, Split.TEST, 1, 0, "z.jpg", "aa", null),
                        new Entry(0, Split.TRAIN, 0, 0, "a.jpg", "bb", null),
                        new Entry(0, Split.TRAIN, -1, -1, "b.jpg", "cc", "IMAGE_TRUNCATED"),
                        new Entry(0, Split.TRAIN, 0, 1, "c.jpg", "dd", null)));

        ManifestRef ref = manifest.publish(store.unreferenced());
        Manifest read = Manifest.open(store, ref);

        assertThat(read.publish(store.unreferenced())).isEqualTo(ref);
        assertThat(read.classes()).containsExactly("Baroque", "Cubism");
        assertThat(read.rowsOf(Split.TRAIN)).containsExactly(1, 3);
        assertThat(read.rowsOf(Split.TRAIN, 1)).isEmpty();
        assertThat(read.reason(2)).isEqualTo("IMAGE_TRUNCATED");
        try (PixelRows rows = new PixelRows(store, read)) {
            assertThat(rows.values()).isEqualTo(192);
            assertThat(rows.image(0).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(image(3));
            assertThat(rows.image(3).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(image(2));
            assertThatThrownBy(() -> rows.image(2)).hasMessageContaining("Row 2 (b.jpg) was rejected");
        }
    }

    @Test
    void aPackMayBeEmpty() {
        ArtifactRef ref = PixelPack.publish(store.unreferenced(), Map.of(), 16, List.of());
        try (PixelPack pack = PixelPack.open(store, ref)) {
            assertThat(pack.count()).isZero();
            assertThat(pack.side()).isEqualTo(16);
        }
    }

    @Test
    void aShardIsReadAsItWasWritten() {
        RecipeShard shard = new RecipeShard(
                new long[] {4, 5}, new long[] {4, 9}, new double[] {0, 0.25}, new long[] {1, 1}, new long[] {0, 7});
        RecipeShard read = RecipeShard.open(store, shard.publish(store.unreferenced(), Map.of("k", "5")));
        assertThat(read).usingRecursiveComparison().isEqualTo(shard);
        assertThatThrownBy(() -> new RecipeShard(new long[1], new long[2], new double[1], new long[1], new long[1]))
                .hasMessageContaining("1, 2, 1, 1, 1");
    }

    @Test
    void aBlendIsComputedInDoubleAndRoundedOnce() {
        float[] out = new float[4];
        RecipeShard.blend(
                MemorySegment.ofArray(new byte[] {0, (byte) 255, 10}),
                MemorySegment.ofArray(new byte[] {(byte) 255, 0, 10}),
                0.1,
                out,
                1);
        assertThat(out).containsExactly(0f, (float) (0.1 * 255), (float) (255 + 0.1 * -255), 10f);
    }

    private static byte[] image(int shade) {
        byte[] pixels = new byte[3 * 8 * 8];
        java.util.Arrays.fill(pixels, (byte) shade);
        return pixels;
    }
}
