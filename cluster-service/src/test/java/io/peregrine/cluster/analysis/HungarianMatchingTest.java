package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HungarianMatchingTest {
    @Test
    void largestTotalWinsOverTheLargestPair() {
        long[][] overlap = {{10, 9}, {9, 1}};
        assertThat(HungarianMatching.of(sparse(overlap))).containsExactly(1, 0);
    }

    @Test
    void tiesGoToTheLowerIndex() {
        long[][] overlap = {{5, 5, 5}, {5, 5, 5}, {5, 5, 5}};
        assertThat(HungarianMatching.of(sparse(overlap))).containsExactly(0, 1, 2);
    }

    @Test
    void fewerClustersThanClassesLeaveClassesUnmatched() {
        assertThat(HungarianMatching.of(sparse(new long[][] {{1, 5, 2}}))).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void exhaustiveSearchGivesTheSameMatching(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            long[][] overlap = new long[1 + random.nextInt(6)][1 + random.nextInt(6)];
            for (long[] row : overlap) {
                for (int c = 0; c < row.length; c++) {
                    row[c] = random.nextInt(seed % 2 == 0 ? 2 : 4);
                }
            }
            assertThat(HungarianMatching.of(sparse(overlap))).isEqualTo(exhaustive(overlap));
        }
    }

    @Test
    void tenThousandClustersOfTenThousandClassesTakeSeconds() {
        Random random = new Random(3);
        int size = 10_000;
        int[] truth = IntStream.range(0, 3 * size).map(point -> point / 3).toArray();
        int[] clusters = IntStream.of(truth)
                .map(label -> random.nextInt(3) == 0 ? random.nextInt(size) : size - 1 - label)
                .toArray();

        int[] matched = assertTimeout(
                Duration.ofSeconds(30), () -> HungarianMatching.of(ContingencyTable.of(truth, clusters, size, size)));

        assertThat(IntStream.of(matched).distinct().count()).isEqualTo(size);
        long mirrored = IntStream.range(0, size)
                .filter(cluster -> matched[cluster] == size - 1 - cluster)
                .count();
        assertThat(mirrored).isGreaterThan(size * 6L / 10);
    }

    @Test
    void tenThousandClustersOfTwoClassesTakeSeconds() {
        int size = 10_000;
        int[] truth = IntStream.range(0, 10_500).map(point -> point % 2).toArray();
        int[] clusters = IntStream.range(0, 10_500).map(point -> point % size).toArray();

        int[] matched = assertTimeout(
                Duration.ofSeconds(30), () -> HungarianMatching.of(ContingencyTable.of(truth, clusters, size, 2)));

        // Clusters 0 to 499 contain two points of one class each: the lowest two that differ are 0 and 1.
        assertThat(matched).startsWith(0, 1);
        assertThat(IntStream.of(matched).skip(2)).containsOnly(-1);
    }

    private static ContingencyTable sparse(long[][] table) {
        List<int[]> points = new ArrayList<>();
        for (int cluster = 0; cluster < table.length; cluster++) {
            for (int label = 0; label < table[cluster].length; label++) {
                points.addAll(Collections.nCopies((int) table[cluster][label], new int[] {label, cluster}));
            }
        }
        return ContingencyTable.of(
                points.stream().mapToInt(point -> point[0]).toArray(),
                points.stream().mapToInt(point -> point[1]).toArray(),
                table.length,
                table[0].length);
    }

    /// The specification itself: of all matchings in lexicographic order, the first with the largest total.
    private static int[] exhaustive(long[][] overlap) {
        int classes = overlap[0].length;
        int size = Math.max(overlap.length, classes);
        List<int[]> pairings = new ArrayList<>();
        permute(new ArrayList<>(IntStream.range(0, size).boxed().toList()), 0, pairings);
        pairings.sort(java.util.Arrays::compare);
        long best = -1;
        int[] chosen = null;
        for (int[] pairing : pairings) {
            long total = 0;
            for (int k = 0; k < overlap.length; k++) {
                total += pairing[k] < classes ? overlap[k][pairing[k]] : 0;
            }
            if (total > best) {
                best = total;
                chosen = pairing;
            }
        }
        int[] matched = new int[overlap.length];
        for (int k = 0; k < matched.length; k++) {
            matched[k] = chosen[k] < classes ? chosen[k] : -1;
        }
        return matched;
    }

    private static void permute(List<Integer> items, int at, List<int[]> out) {
        if (at == items.size()) {
            out.add(items.stream().mapToInt(Integer::intValue).toArray());
            return;
        }
        for (int i = at; i < items.size(); i++) {
            Collections.swap(items, at, i);
            permute(items, at + 1, out);
            Collections.swap(items, at, i);
        }
    }
}
