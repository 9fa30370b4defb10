package io.peregrine.balance.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.peregrine.balance.neighbours.Tiling.Tile;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.vision.engine.EngineProduct;
import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.PlainProduct;
import io.peregrine.vision.engine.TorchEngine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NeighbourSearchTest {
    /// The specification in three lines.
    private static long distance(MemorySegment a, MemorySegment b) {
        long sum = 0;
        for (long i = 0; i < a.byteSize(); i++) {
            long difference = (a.get(ValueLayout.JAVA_BYTE, i) & 0xff) - (b.get(ValueLayout.JAVA_BYTE, i) & 0xff);
            sum += difference * difference;
        }
        return sum;
    }

    private static Neighbours plainly(List<MemorySegment> images, int k) {
        int n = images.size();
        int[] nearest = new int[n * k];
        long tied = 0;
        for (int row = 0; row < n; row++) {
            MemorySegment own = images.get(row);
            long[] distances =
                    images.stream().mapToLong(other -> distance(own, other)).toArray();
            int[] order = IntStream.range(0, n)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingLong(i -> distances[i]).thenComparing(i -> i))
                    .mapToInt(i -> i)
                    .toArray();
            System.arraycopy(order, 1, nearest, row * k, k);
            boolean tie = IntStream.range(0, Math.min(k + 1, n - 1))
                    .anyMatch(i -> distances[order[i]] == distances[order[i + 1]]);
            tied += tie ? 1 : 0;
        }
        long duplicates = IntStream.range(0, n)
                .filter(a -> IntStream.range(0, n).anyMatch(b -> a != b && distance(images.get(a), images.get(b)) == 0))
                .count();
        return new Neighbours(k, nearest, tied, duplicates);
    }

    private static Neighbours search(List<MemorySegment> images, int k, int part, int side, int threads) {
        Tiling tiling = new Tiling(images.size(), part, side);
        Neighbours byEngine = search(new EngineProduct(), images, k, tiling, threads);
        assertEqual(search(new PlainProduct(), images, k, tiling, threads), byEngine);
        ByteProducts.ifExact().ifPresent(bytes -> assertEqual(search(bytes, images, k, tiling, threads), byEngine));
        if (TorchEngine.gpus() > 0) {
            assertEqual(search(new EngineProduct(Device.gpu(0)), images, k, tiling, threads), byEngine);
        }
        return byEngine;
    }

    private static Neighbours search(
            MatrixProduct product, List<MemorySegment> images, int k, Tiling tiling, int threads) {
        int values = (int) images.getFirst().byteSize();
        try (NeighbourSearch search = new NeighbourSearch(product, images, values, k, tiling, tiling.all(), threads)) {
            while (search.stepsDone() < search.steps()) {
                search.step(() -> {});
            }
            assertThat(search.productsDone()).isEqualTo(tiling.products(values));
            return search.result();
        }
    }

    private static void assertEqual(Neighbours found, Neighbours expected) {
        assertThat(found.nearest()).isEqualTo(expected.nearest());
        assertThat(found.tiedRows()).isEqualTo(expected.tiedRows());
        assertThat(found.duplicates()).isEqualTo(expected.duplicates());
        assertThat(found.k()).isEqualTo(expected.k());
    }

    private static List<MemorySegment> images(int count, int values, int levels, long seed) {
        Random random = new Random(seed);
        List<MemorySegment> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] pixels = new byte[values];
            for (int j = 0; j < values; j++) {
                pixels[j] = (byte) (random.nextInt(levels) * 255 / Math.max(1, levels - 1));
            }
            images.add(MemorySegment.ofArray(pixels));
        }
        return images;
    }

    private static MemorySegment filled(int values, int level) {
        byte[] pixels = new byte[values];
        Arrays.fill(pixels, (byte) level);
        return MemorySegment.ofArray(pixels);
    }

    /// Sizes around a block of 1,024 and around a chunk of four blocks, sizes beyond the int accumulation limit,
    /// and full size.
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 31, 1_023, 1_024, 1_025, 4_096, 4_097, 3 * 416 * 416})
    void distancesEqualThePlainSumAlsoAtTheExtremes(int values) {
        List<MemorySegment> images = images(3, values, 256, values);
        images.add(filled(values, 0));
        images.add(filled(values, 255));
        images.add(filled(values, 0));
        assertDistances(images, values, new Tiling(6, 2, 2));
    }

    /// One tile of three parts with per-thread blocks; for some sizes there are more threads than blocks.
    @ParameterizedTest
    @ValueSource(ints = {1, 1_023, 1_024, 1_025, 4_097, 3 * 416 * 416})
    void distancesOfASmallClassEqualThePlainSum(int values) {
        List<MemorySegment> images = images(4, values, 256, values);
        images.add(filled(values, 0));
        images.add(filled(values, 255));
        images.add(filled(values, 0));
        Tiling tiling = new Tiling(7, 3, 3);
        assertThat(tiling.fitsOneTile()).isTrue();
        assertDistances(images, values, tiling);
    }

    private static void assertDistances(List<MemorySegment> images, int values, Tiling tiling) {
        // Staged as on a GPU, where blocks are copied before they are multiplied.
        MatrixProduct staged = new EngineProduct(Device.cpu(), true);
        List<MatrixProduct> all = new ArrayList<>(List.of(new EngineProduct(), new PlainProduct(), staged));
        ByteProducts.ifExact().ifPresent(all::add);
        for (MatrixProduct product : all) {
            try (product;
                    WorkerPool workers = new WorkerPool("neighbours", 2)) {
                GramMatrix gram = GramMatrix.of(product, images, values, tiling, workers);
                // Some tiles are computed twice: no values of the previous tile may remain.
                List<Tile> tiles = tiling.tiles() == 1
                        ? List.of(new Tile(0, 0), new Tile(0, 0))
                        : List.of(new Tile(0, 0), new Tile(0, 1), new Tile(1, 1), new Tile(1, 0), new Tile(0, 0));
                for (Tile tile : tiles) {
                    Set<List<Integer>> seen = ConcurrentHashMap.newKeySet();
                    gram.tile(tile, () -> {}, pair -> assertDistances(pair, images, seen));
                    assertThat(seen).isEqualTo(wanted(tiling, tile));
                }
            }
        }
    }

    /// Every pair of images of a tile; for a tile on the diagonal only the parts on and above it.
    private static Set<List<Integer>> wanted(Tiling tiling, Tile tile) {
        Set<List<Integer>> wanted = new HashSet<>();
        for (int row = tiling.firstRow(tile.row()); row < tiling.firstRow(tile.row() + 1); row++) {
            for (int column = tiling.firstRow(tile.column()); column < tiling.firstRow(tile.column() + 1); column++) {
                if (tile.row() != tile.column() || row / tiling.part() <= column / tiling.part()) {
                    wanted.add(List.of(row, column));
                }
            }
        }
        return wanted;
    }

    private static void assertDistances(BlockPair pair, List<MemorySegment> images, Set<List<Integer>> seen) {
        for (int i = 0; i < pair.rows(); i++) {
            for (int j = 0; j < pair.columns(); j++) {
                int row = pair.row() + i;
                int column = pair.column() + j;
                assertThat(pair.distance(i, j))
                        .as("%d, %d", row, column)
                        .isEqualTo(distance(images.get(row), images.get(column)));
                assertThat(seen.add(List.of(row, column))).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 31, 1_023, 1_024, 1_025, 3 * 416 * 416})
    void neighboursEqualThePlainSearchAtOddSizes(int values) {
        List<MemorySegment> images = images(7, values, 256, values);
        images.add(filled(values, 0));
        images.add(filled(values, 255));
        assertEqual(search(images, 3, 2, 2, 2), plainly(images, 3));
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 2", "4, 3", "5, 4", "6, 5", "60, 5", "61, 5", "61, 60", "64, 1", "130, 7"})
    void neighboursEqualThePlainSearchForAnyClassSizeAndTile(int count, int k) {
        List<MemorySegment> images = images(count, 75, 256, count);
        Neighbours expected = plainly(images, k);
        for (int part : new int[] {1, 7, 30, 61, 512}) {
            for (int side : new int[] {1, 2, 3}) {
                assertEqual(search(images, k, part, side, 2), expected);
            }
        }
    }

    @Test
    void duplicatesAndTiesGoByDistanceThenRowAndAreCounted() {
        // Two levels and few pixels: many equal distances and many equal images.
        List<MemorySegment> images = images(90, 6, 2, 5);
        Neighbours expected = plainly(images, 5);
        assertThat(expected.tiedRows()).isGreaterThan(80);
        for (int part : new int[] {1, 16, 90}) {
            assertEqual(search(images, 5, part, 2, 2), expected);
        }
    }

    @Test
    void aImageMayBeItsOwnNeighbourAmongDuplicatesAsInTheReference() {
        List<MemorySegment> images = List.of(filled(12, 9), filled(12, 9), filled(12, 200), filled(12, 90));
        Neighbours found = search(images, 1, 4, 1, 1);
        // The first of each row is dropped. For image 1 that is image 0, so it keeps itself.
        assertThat(found.nearest()).startsWith(1, 1);
        // Images 0 and 1 tie for their own first place, and for the last place of image 3.
        assertThat(found.tiedRows()).isEqualTo(3);
    }

    @Test
    void aTieRightAfterTheLastNeighbourIsCounted() {
        // The second and third nearest of image 0 are equally far, so the choice of its neighbour is arbitrary.
        List<MemorySegment> images = List.of(filled(1, 100), filled(1, 103), filled(1, 97), filled(1, 250));
        assertThat(search(images, 1, 4, 1, 1).tiedRows()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 9})
    void aSearchResumedInAnotherProcessGivesTheSameResult(int stepsBefore) {
        List<MemorySegment> images = images(50, 300, 4, 11);
        Tiling tiling = new Tiling(50, 6, 2);
        SortedMap<Integer, byte[]> durable = new TreeMap<>();
        try (NeighbourSearch killed =
                new NeighbourSearch(new EngineProduct(), images, 300, 5, tiling, tiling.all(), 2)) {
            for (int i = 0; i < stepsBefore; i++) {
                killed.step(() -> {});
                durable.putAll(killed.changed());
            }
            assertThat(killed.changed()).isEmpty();
            assertThatThrownBy(killed::result).isInstanceOf(IllegalStateException.class);
        }
        try (NeighbourSearch other =
                new NeighbourSearch(new EngineProduct(), images, 300, 5, tiling, tiling.all(), 1)) {
            other.resume(stepsBefore, durable);
            assertThat(other.stepsDone()).isEqualTo(stepsBefore);
            while (other.stepsDone() < other.steps()) {
                other.step(() -> {});
            }
            assertEqual(other.result(), plainly(images, 5));
        }
    }

    /// Odd and even numbers of tile rows. Each row computes half of the tiles; the opposite tile belongs to one
    /// of two rows.
    @ParameterizedTest
    @CsvSource({"50, 6, 2", "48, 6, 2", "41, 7, 1", "42, 7, 1", "9, 8, 1", "7, 8, 1", "130, 16, 2"})
    void separateTileRowsMergeIntoTheWholeSearch(int count, int part, int side) {
        List<MemorySegment> images = images(count, 300, 4, 12);
        Tiling tiling = new Tiling(count, part, side);
        NeighbourSearch.Merged merged = new NeighbourSearch.Merged(tiling, 5);
        long products = 0;
        for (int row = 0; row < tiling.tiles(); row++) {
            try (NeighbourSearch share =
                    new NeighbourSearch(new EngineProduct(), images, 300, 5, tiling, tiling.ofRow(row), 2)) {
                while (share.stepsDone() < share.steps()) {
                    share.step(() -> {});
                }
                products += share.productsDone();
                share.changed().forEach(merged::add);
            }
        }
        assertThat(products).isEqualTo(tiling.products(300));
        assertEqual(merged.result(), plainly(images, 5));
    }

    @Test
    void aTileThatWasStoppedHalfwayIsDiscarded() {
        List<MemorySegment> images = images(30, 9_000, 256, 3);
        Tiling tiling = new Tiling(30, 10, 1);
        try (NeighbourSearch search =
                new NeighbourSearch(new EngineProduct(), images, 9_000, 5, tiling, tiling.all(), 2)) {
            search.step(() -> {});
            AtomicInteger chunks = new AtomicInteger();
            assertThatThrownBy(() -> search.step(() -> {
                        if (chunks.incrementAndGet() == 2) {
                            throw new IllegalStateException("stop");
                        }
                    }))
                    .hasMessage("stop");
            assertThat(search.stepsDone()).isOne();
            while (search.stepsDone() < search.steps()) {
                search.step(() -> {});
            }
            assertEqual(search.result(), plainly(images, 5));
        }
    }

    @Test
    void inAClassOfEqualImagesEverythingTiesAndTheFirstRowsAreNearest() {
        List<MemorySegment> equal = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            equal.add(filled(1_500, 77));
        }
        Neighbours found = search(equal, 5, 16, 2, 2);
        assertEqual(found, plainly(equal, 5));
        assertThat(found.tiedRows()).isEqualTo(70);
        assertThat(found.duplicates()).isEqualTo(70);
    }

    /// Random sizes, levels and tilings, most of them with ties and duplicates.
    @Test
    void oneThousandRandomClassesEqualThePlainSearch() {
        Random random = new Random(20_02);
        for (int i = 0; i < 1_000; i++) {
            int count = 2 + random.nextInt(40);
            int values = 1 + random.nextInt(i % 10 == 0 ? 5_000 : 60);
            int k = 1 + random.nextInt(Math.min(count - 1, 8));
            List<MemorySegment> images = images(count, values, 2 + random.nextInt(255), i);
            for (int copies = random.nextInt(4); copies > 0; copies--) {
                images.set(random.nextInt(count), images.get(random.nextInt(count)));
            }
            Tiling tiling = new Tiling(count, 1 + random.nextInt(count), 1 + random.nextInt(4));
            MatrixProduct product = i % 20 == 0 ? new PlainProduct() : new EngineProduct();
            assertThat(search(product, images, k, tiling, 1 + random.nextInt(3)))
                    .as("case %d: %d images of %d values, k %d, %s", i, count, values, k, tiling)
                    .usingRecursiveComparison()
                    .isEqualTo(plainly(images, k));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 63, 64, 65, 1_024})
    void vectorLoopsEqualThePlainLoops(int count) {
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
            float plainSquares = new PixelCentering().centre(MemorySegment.ofArray(pixels), 3, count, plain, 4);
            float vectorSquares = new VectorPixelCentering().centre(MemorySegment.ofArray(pixels), 3, count, vector, 4);
            assertThat(vectorSquares).isEqualTo(plainSquares);
            assertThat(vector.mismatch(plain)).isEqualTo(-1);
            for (int i = 0; i < count; i++) {
                assertThat(plain.getAtIndex(ValueLayout.JAVA_FLOAT, i + 1)).isEqualTo((pixels[3 + i] & 0xff) - 128f);
            }
        }
        int[] before = plainSums.clone();
        int some = Math.max(0, count - 3);
        new PixelCentering().add(MemorySegment.ofArray(product), 1, plainSums, 2, some);
        new VectorPixelCentering().add(MemorySegment.ofArray(product), 1, vectorSums, 2, some);
        assertThat(vectorSums).isEqualTo(plainSums);
        for (int i = 0; i < some; i++) {
            assertThat(plainSums[i + 2]).isEqualTo(before[i + 2] + (int) product[i + 1]);
        }
    }
}
