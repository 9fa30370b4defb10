package io.peregrine.balance.smote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.vision.EngineProduct;
import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.PlainProduct;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NeighbourSearchTest {
    /// The specification: three lines.
    private static long distance(MemorySegment a, MemorySegment b) {
        long sum = 0;
        for (long i = 0; i < a.byteSize(); i++) {
            long difference = (a.get(ValueLayout.JAVA_BYTE, i) & 0xff) - (b.get(ValueLayout.JAVA_BYTE, i) & 0xff);
            sum += difference * difference;
        }
        return sum;
    }

    private static Neighbours plainly(List<MemorySegment> pictures, int k) {
        int n = pictures.size();
        int[] nearest = new int[n * k];
        long tied = 0;
        for (int row = 0; row < n; row++) {
            MemorySegment own = pictures.get(row);
            long[] far =
                    pictures.stream().mapToLong(other -> distance(own, other)).toArray();
            int[] order = IntStream.range(0, n)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingLong(i -> far[i]).thenComparing(i -> i))
                    .mapToInt(i -> i)
                    .toArray();
            System.arraycopy(order, 1, nearest, row * k, k);
            boolean tie = IntStream.range(0, Math.min(k + 1, n - 1)).anyMatch(i -> far[order[i]] == far[order[i + 1]]);
            tied += tie ? 1 : 0;
        }
        return new Neighbours(k, nearest, tied);
    }

    private static Neighbours search(List<MemorySegment> pictures, int k, int tile, int threads) {
        Neighbours byEngine = search(EngineProduct::new, pictures, k, tile, threads);
        assertEqual(search(PlainProduct::new, pictures, k, tile, threads), byEngine);
        return byEngine;
    }

    private static Neighbours search(
            IntFunction<MatrixProduct> products, List<MemorySegment> pictures, int k, int tile, int threads) {
        int values = (int) pictures.getFirst().byteSize();
        try (NeighbourSearch search = new NeighbourSearch(products, pictures, values, k, tile, threads)) {
            while (search.stepsDone() < search.steps()) {
                search.step(() -> {});
            }
            return search.result();
        }
    }

    private static void assertEqual(Neighbours found, Neighbours expected) {
        assertThat(found.nearest()).isEqualTo(expected.nearest());
        assertThat(found.tiedRows()).isEqualTo(expected.tiedRows());
        assertThat(found.k()).isEqualTo(expected.k());
    }

    private static List<MemorySegment> pictures(int count, int values, int levels, long seed) {
        Random random = new Random(seed);
        List<MemorySegment> pictures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] pixels = new byte[values];
            for (int j = 0; j < values; j++) {
                pixels[j] = (byte) (random.nextInt(levels) * 255 / Math.max(1, levels - 1));
            }
            pictures.add(MemorySegment.ofArray(pixels));
        }
        return pictures;
    }

    private static MemorySegment filled(int values, int level) {
        byte[] pixels = new byte[values];
        Arrays.fill(pixels, (byte) level);
        return MemorySegment.ofArray(pixels);
    }

    /// Around a block of 1,024, around a chunk of four, beyond an int's flush, at full size.
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 31, 1_023, 1_024, 1_025, 4_096, 4_097, 3 * 416 * 416})
    void innerProductsEqualThePlainSumAlsoAtTheExtremes(int values) {
        List<MemorySegment> pictures = pictures(3, values, 256, values);
        pictures.add(filled(values, 0));
        pictures.add(filled(values, 255));
        pictures.add(filled(values, 0));
        List<IntFunction<MatrixProduct>> both = List.of(EngineProduct::new, PlainProduct::new);
        for (IntFunction<MatrixProduct> products : both) {
            try (GramTiles gram = new GramTiles(products, pictures, values, 4, 2)) {
                assertTile(gram, pictures, 0, 4, 0, 4);
                assertTile(gram, pictures, 0, 4, 4, 2);
                assertTile(gram, pictures, 4, 2, 4, 2);
                assertTile(gram, pictures, 2, 4, 2, 3);
            }
        }
    }

    private static void assertTile(
            GramTiles gram, List<MemorySegment> pictures, int row, int rows, int column, int columns) {
        long[] tile = gram.tile(row, rows, column, columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                long sum = 0;
                for (long at = 0; at < pictures.getFirst().byteSize(); at++) {
                    sum += ((pictures.get(row + i).get(ValueLayout.JAVA_BYTE, at) & 0xff) - 128L)
                            * ((pictures.get(column + j).get(ValueLayout.JAVA_BYTE, at) & 0xff) - 128L);
                }
                assertThat(tile[i * columns + j])
                        .as("%d, %d", row + i, column + j)
                        .isEqualTo(sum);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 31, 1_023, 1_024, 1_025, 3 * 416 * 416})
    void neighboursEqualThePlainSearchAtOddSizes(int values) {
        List<MemorySegment> pictures = pictures(7, values, 256, values);
        pictures.add(filled(values, 0));
        pictures.add(filled(values, 255));
        assertEqual(search(pictures, 3, 4, 2), plainly(pictures, 3));
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 2", "4, 3", "5, 4", "6, 5", "60, 5", "61, 5", "61, 60", "64, 1", "130, 7"})
    void neighboursEqualThePlainSearchForAnyClassSizeAndTile(int count, int k) {
        List<MemorySegment> pictures = pictures(count, 75, 256, count);
        Neighbours expected = plainly(pictures, k);
        for (int tile : new int[] {1, 7, 30, 61, 512}) {
            assertEqual(search(pictures, k, tile, 2), expected);
        }
    }

    @Test
    void duplicatesAndTiesGoByDistanceThenRowAndAreCounted() {
        // Two levels and few pixels: many equal distances and many equal pictures.
        List<MemorySegment> pictures = pictures(90, 6, 2, 5);
        Neighbours expected = plainly(pictures, 5);
        assertThat(expected.tiedRows()).isGreaterThan(80);
        for (int tile : new int[] {1, 16, 90}) {
            assertEqual(search(pictures, 5, tile, 2), expected);
        }
    }

    @Test
    void aPictureMayBeItsOwnNeighbourAmongDuplicatesAsInTheReference() {
        List<MemorySegment> pictures = List.of(filled(12, 9), filled(12, 9), filled(12, 200), filled(12, 90));
        Neighbours found = search(pictures, 1, 512, 1);
        // The first of each row is dropped: of picture 1 that is picture 0, and it keeps itself.
        assertThat(found.nearest()).startsWith(1, 1);
        // Pictures 0 and 1 tie for their own first place, and for the last place of picture 3.
        assertThat(found.tiedRows()).isEqualTo(3);
    }

    @Test
    void aTieJustBehindTheLastNeighbourIsCounted() {
        // Of picture 0 the second and third nearest are equally far: which of them is the neighbour is arbitrary.
        List<MemorySegment> pictures = List.of(filled(1, 100), filled(1, 103), filled(1, 97), filled(1, 250));
        assertThat(search(pictures, 1, 512, 1).tiedRows()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aSearchTakenUpInAnotherProcessEndsTheSame(int stepsBefore) {
        List<MemorySegment> pictures = pictures(50, 300, 4, 11);
        byte[] state;
        try (NeighbourSearch killed = new NeighbourSearch(EngineProduct::new, pictures, 300, 5, 12, 2)) {
            for (int i = 0; i < stepsBefore; i++) {
                killed.step(() -> {});
            }
            state = killed.state();
            assertThatThrownBy(killed::result).isInstanceOf(IllegalStateException.class);
        }
        try (NeighbourSearch other = new NeighbourSearch(EngineProduct::new, pictures, 300, 5, 12, 1);
                NeighbourSearch otherTiles = new NeighbourSearch(EngineProduct::new, pictures, 300, 5, 13, 1)) {
            assertThat(other.resume(state)).isTrue();
            assertThat(other.stepsDone()).isEqualTo(stepsBefore);
            while (other.stepsDone() < other.steps()) {
                other.step(() -> {});
            }
            assertEqual(other.result(), plainly(pictures, 5));
            assertThat(otherTiles.resume(state)).isFalse();
            assertThat(otherTiles.stepsDone()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 63, 64, 65, 1_024})
    void vectorsDoWhatThePlainLoopsDo(int count) {
        Random random = new Random(count);
        byte[] pixels = new byte[count + 3];
        random.nextBytes(pixels);
        float[] product = new float[count];
        for (int i = 0; i < count; i++) {
            product[i] = random.nextInt(-(1 << 24), (1 << 24) + 1);
        }
        int[] plainSums = random.ints(count, -1_000, 1_000).toArray();
        int[] vectorSums = plainSums.clone();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment plain = arena.allocate(4L * count + 4);
            MemorySegment vector = arena.allocate(4L * count + 4);
            new Centred().centre(MemorySegment.ofArray(pixels), 3, count, plain, 4);
            new VectorCentred().centre(MemorySegment.ofArray(pixels), 3, count, vector, 4);
            assertThat(vector.mismatch(plain)).isEqualTo(-1);
            for (int i = 0; i < count; i++) {
                assertThat(plain.getAtIndex(ValueLayout.JAVA_FLOAT, i + 1)).isEqualTo((pixels[3 + i] & 0xff) - 128f);
            }
        }
        new Centred().add(MemorySegment.ofArray(product), plainSums, count);
        new VectorCentred().add(MemorySegment.ofArray(product), vectorSums, count);
        assertThat(vectorSums).isEqualTo(plainSums);
    }
}
