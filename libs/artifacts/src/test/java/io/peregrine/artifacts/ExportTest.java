package io.peregrine.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.Export.Format;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Split;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {
    private static final int SIDE = 8;
    private static final int VALUES = 3 * SIDE * SIDE;

    @TempDir
    Path folder;

    private ArtifactStore store;
    private Manifest manifest;
    private BalancedRows set;

    /// Three real images and two synthetic ones, shuffled into two shards.
    @BeforeEach
    void balance() {
        store = new FileStore(folder.resolve("store"));
        Random random = new Random(4);
        List<byte[]> images = List.of(new byte[VALUES], new byte[VALUES], new byte[VALUES]);
        images.forEach(random::nextBytes);
        ArtifactRef pack = PixelPack.publish(store.unreferenced(), Map.of(), SIDE, images);
        manifest = new Manifest(
                SIDE,
                List.of("Baroque", "Cubism"),
                List.of(pack),
                List.of(
                        new Entry(0, Split.TRAIN, 0, 0, "a", "00", null),
                        new Entry(1, Split.TRAIN, 0, 1, "b", "00", null),
                        new Entry(1, Split.TRAIN, 0, 2, "c", "00", null)));
        ArtifactRef first = new RecipeShard(
                        new long[] {1, 0, 2},
                        new long[] {2, 0, 2},
                        new double[] {0.3, 0, 0},
                        new long[] {1, 0, 1},
                        new long[] {3, 0, 2})
                .publish(store.unreferenced(), Map.of());
        ArtifactRef second = new RecipeShard(
                        new long[] {2, 1}, new long[] {1, 1}, new double[] {0.9, 0}, new long[] {1, 1}, new long[] {4, 1
                        })
                .publish(store.unreferenced(), Map.of());
        set = BalancedRows.open(store, List.of(first, second), 5);
    }

    private Path export(Format form) throws IOException {
        Path to = folder.resolve("out-" + form);
        AtomicLong written = new AtomicLong();
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            Export export = new Export(set, manifest, pixels);
            assertThat(export.bytes(form)).isPositive();
            export.write(form, to, done -> written.accumulateAndGet(done, Math::max));
        }
        assertThat(written).hasValue(5);
        return to;
    }

    private float[] row(int ordinal) {
        float[] made = new float[VALUES];
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            set.image(pixels, ordinal, made);
        }
        return made;
    }

    @Test
    void numpyFilesHaveEveryRowInOrder() throws IOException {
        Path to = export(Format.NPY);
        ByteBuffer x = ByteBuffer.wrap(Files.readAllBytes(to.resolve("X.npy"))).order(ByteOrder.LITTLE_ENDIAN);
        int header = 10 + x.getShort(8);
        assertThat(header % 64).isZero();
        assertThat(new String(x.array(), 10, header - 10, StandardCharsets.US_ASCII))
                .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 192), }")
                .endsWith("\n");
        assertThat(x.limit()).isEqualTo(header + 5 * VALUES * 4);
        for (int ordinal = 0; ordinal < 5; ordinal++) {
            float[] expected = row(ordinal);
            for (int i = 0; i < VALUES; i++) {
                assertThat(x.getFloat(header + (ordinal * VALUES + i) * 4)).isEqualTo(expected[i]);
            }
        }
        ByteBuffer y = ByteBuffer.wrap(Files.readAllBytes(to.resolve("y.npy"))).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(y.getLong(y.limit() - 40)).isZero();
        assertThat(y.getLong(y.limit() - 32)).isOne();
    }

    /// Three blocks of 16 rows; the last one is neither full nor a whole number of pages.
    @Test
    void aSetOfSeveralBlocksIsWrittenWhole() throws IOException {
        int rows = 45;
        long[] base = LongStream.range(0, rows).map(row -> row % 3).toArray();
        long[] neighbour =
                LongStream.range(0, rows).map(row -> (row + row / 3) % 3).toArray();
        double[] gap = LongStream.range(0, rows).mapToDouble(row -> row / 50.0).toArray();
        long[] ordinal = LongStream.range(0, rows).map(row -> rows - 1 - row).toArray();
        ArtifactRef shard =
                new RecipeShard(base, neighbour, gap, new long[rows], ordinal).publish(store.unreferenced(), Map.of());
        BalancedRows large = BalancedRows.open(store, List.of(shard), rows);
        Path to = folder.resolve("large");
        List<Long> written = Collections.synchronizedList(new ArrayList<>());
        float[] expected = new float[VALUES];
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            new Export(large, manifest, pixels, 16 * VALUES * 4).write(Format.NPY, to, written::add);
            assertThat(written).containsExactly(16L, 32L, 45L);
            ByteBuffer x =
                    ByteBuffer.wrap(Files.readAllBytes(to.resolve("X.npy"))).order(ByteOrder.LITTLE_ENDIAN);
            int header = 10 + x.getShort(8);
            assertThat(x.limit()).isEqualTo(header + rows * VALUES * 4);
            for (int row = 0; row < rows; row++) {
                large.image(pixels, row, expected);
                float[] found = new float[VALUES];
                x.position(header + row * VALUES * 4).asFloatBuffer().get(found);
                assertThat(found).as("row %d", row).isEqualTo(expected);
            }
        }
    }

    @Test
    void safetensorsHasTheSameArrays() throws IOException {
        try (Safetensors file = Safetensors.open(export(Format.SAFETENSORS).resolve("balanced.safetensors"))) {
            assertThat(file.tensor("X").shape()).containsExactly(5, VALUES);
            assertThat(file.tensor("y").longs()).containsExactly(0, 1, 1, 1, 1);
            float[] all = file.tensor("X").floats();
            for (int ordinal = 0; ordinal < 5; ordinal++) {
                assertThat(java.util.Arrays.copyOfRange(all, ordinal * VALUES, (ordinal + 1) * VALUES))
                        .isEqualTo(row(ordinal));
            }
        }
    }

    @Test
    void anImageFolderHasAPngForEachRowBelowItsClass() throws IOException {
        Path to = export(Format.IMAGEFOLDER);
        try (var files = Files.list(to.resolve("Cubism"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("0000001.png", "0000002.png", "0000003.png", "0000004.png");
        }
        BufferedImage image = ImageIO.read(to.resolve("Cubism/0000003.png").toFile());
        float[] expected = row(3);
        assertThat(image.getWidth()).isEqualTo(SIDE);
        assertThat(image.getRGB(2, 1) >> 8 & 0xff).isEqualTo(Math.round(expected[SIDE * SIDE + SIDE + 2]));
    }

    @Test
    void aFolderThatIsNotEmptyIsRejected() throws IOException {
        Path to = export(Format.NPY);
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            Export export = new Export(set, manifest, pixels);
            assertThatThrownBy(() -> export.write(Format.NPY, to, done -> {})).hasMessageContaining("is not empty");
        }
    }

    @Test
    void aMissingOrDuplicateOrdinalIsDetected() {
        ArtifactRef twice = new RecipeShard(
                        new long[] {1, 0}, new long[] {2, 0}, new double[2], new long[] {1, 0}, new long[] {0, 0})
                .publish(store.unreferenced(), Map.of());
        assertThatThrownBy(() -> BalancedRows.open(store, List.of(twice), 2)).hasMessageContaining("ordinal 0, which");
        assertThatThrownBy(() -> BalancedRows.open(store, List.of(), 2)).hasMessageContaining("0 rows, not 2");
    }
}
