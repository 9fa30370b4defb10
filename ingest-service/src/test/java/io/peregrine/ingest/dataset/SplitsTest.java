package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.Sha256;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.dataset.Listing.Row;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 0.1, 0.1, 0, 0",
        "2, 0.1, 0.1, 0, 0",
        "3, 0.1, 0, 1, 0",
        "3, 0.1, 0.1, 1, 1",
        "3, 0.9, 0, 2, 0",
        "15, 0.1, 0, 2, 0",
        "100, 0.1, 0.2, 10, 20",
        "100, 0, 0, 0, 0",
        "100, 0.5, 0.49, 50, 49"
    })
    void aClassIsSplitByItsShares(int n, double test, double validation, int tests, int validations) {
        List<Row> cut = Splits.cut(rows(0, n), new SplitSpec(test, validation, 42), Set.of());
        assertThat(count(cut, Split.TEST)).isEqualTo(tests);
        assertThat(count(cut, Split.VALIDATION)).isEqualTo(validations);
    }

    @Test
    void theSplitDependsOnContentAndSeedAloneNotOnNamesOrOrder() {
        List<Row> rows = rows(0, 50);
        List<Row> renamed = new ArrayList<>(rows.stream()
                .map(row -> new Row(row.split(), 0, "other/" + row.path(), row.file(), row.sha256(), null))
                .toList());
        Collections.shuffle(renamed, new Random(1));
        Map<String, Split> first = sides(Splits.cut(rows, new SplitSpec(0.2, 0.2, 7), Set.of()));
        assertThat(sides(Splits.cut(renamed, new SplitSpec(0.2, 0.2, 7), Set.of())))
                .isEqualTo(first);
        assertThat(sides(Splits.cut(rows, new SplitSpec(0.2, 0.2, 8), Set.of())))
                .isNotEqualTo(first);
    }

    @Test
    void splitsThatExistAsFoldersAreUnchanged() {
        List<Row> rows = new ArrayList<>(rows(0, 30));
        rows.add(new Row(Split.TEST, 0, "t", "test/t", Sha256.hex(new byte[] {1}), null));
        List<Row> cut = Splits.cut(rows, new SplitSpec(0.5, 0.1, 42), Set.of(Split.TRAIN, Split.TEST));
        assertThat(count(cut, Split.TEST)).isEqualTo(1);
        assertThat(count(cut, Split.VALIDATION)).isEqualTo(3);
    }

    @Test
    void identicalFilesAreInOneSplitAndEveryClassKeepsTrainingImages() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            List<Row> rows = new ArrayList<>();
            int contents = 1 + random.nextInt(12);
            int classes = 1 + random.nextInt(3);
            for (int label = 0; label < classes; label++) {
                int n = 1 + random.nextInt(20);
                for (int i = 0; i < n; i++) {
                    String sha256 = Sha256.hex(new byte[] {(byte) random.nextInt(contents)});
                    rows.add(new Row(Split.TRAIN, label, "p" + i, label + "/p" + i, sha256, null));
                }
            }
            double test = random.nextDouble() * 0.6;
            SplitSpec spec = new SplitSpec(test, random.nextDouble() * (0.99 - test), round);
            Map<String, Split> side = new HashMap<>();
            List<Row> cut = Splits.cut(rows, spec, Set.of());
            for (Row row : cut) {
                assertThat(side.computeIfAbsent(row.sha256(), content -> row.split()))
                        .isEqualTo(row.split());
            }
            for (int label = 0; label < classes; label++) {
                int one = label;
                assertThat(cut).anyMatch(row -> row.label() == one && row.split() == Split.TRAIN);
            }
        }
    }

    private static List<Row> rows(int label, int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> new Row(
                        Split.TRAIN,
                        label,
                        "p" + i,
                        label + "/p" + i,
                        Sha256.hex(new byte[] {(byte) label, (byte) i}),
                        null))
                .toList();
    }

    private static long count(List<Row> rows, Split split) {
        return rows.stream().filter(row -> row.split() == split).count();
    }

    private static Map<String, Split> sides(List<Row> rows) {
        Map<String, Split> sides = new HashMap<>();
        rows.forEach(row -> sides.put(row.sha256(), row.split()));
        return sides;
    }
}
