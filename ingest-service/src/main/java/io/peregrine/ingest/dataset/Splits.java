package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.events.Sha256;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.dataset.Listing.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Assigns images to test and validation in a dataset without these splits.
///
/// The images of each class are sorted by SHA-256(seed ‖ digest of the content). This order looks random and does
/// not change when images are renamed or others are added. The first round(n × share) are the test split, the
/// next the validation split, at least one each if n ≥ 3. Byte-identical files are never in different splits.
final class Splits {
    private Splits() {}

    /// @param given splits that exist as folders; those remain as they are
    /// @return the same rows in the same order, with their splits
    static List<Row> cut(List<Row> rows, SplitSpec spec, Set<Split> given) {
        Map<String, Split> side = new HashMap<>();
        Map<Integer, List<Row>> train = new TreeMap<>();
        for (Row row : rows) {
            if (row.split() == Split.TRAIN) {
                train.computeIfAbsent(row.label(), label -> new ArrayList<>()).add(row);
            }
        }
        double test = given.contains(Split.TEST) ? 0 : spec.test();
        double validation = given.contains(Split.VALIDATION) ? 0 : spec.validation();
        for (List<Row> images : train.values()) {
            List<Row> drawn = images.stream()
                    .sorted(Comparator.comparing((Row row) -> draw(spec.seed(), row.sha256()))
                            .thenComparing(Row::path, Listing::byCodePoint))
                    .toList();
            int tests = end(drawn, 0, test);
            int heldOut = end(drawn, tests, validation);
            for (int i = 0; i < drawn.size(); i++) {
                Split drawnTo = i < tests ? Split.TEST : i < heldOut ? Split.VALIDATION : Split.TRAIN;
                // The same image in two classes may be drawn into two splits. Train wins, so that no class
                // becomes empty.
                side.merge(drawn.get(i).sha256(), drawnTo, Splits::nearestToTrain);
            }
        }
        return rows.stream()
                .map(row -> row.split() != Split.TRAIN ? row : row.in(side.get(row.sha256())))
                .toList();
    }

    /// The end of a split that begins at `from`. It never separates copies of one image, and leaves at least one
    /// training image.
    private static int end(List<Row> drawn, int from, double share) {
        int n = drawn.size();
        if (share == 0) {
            return from;
        }
        int wanted = (int) Math.round(n * share);
        int end = Math.min(n - 1, from + Math.max(wanted, n >= 3 ? 1 : 0));
        int after = end;
        while (after > from && after < n && same(drawn, after)) {
            after++;
        }
        if (after < n) {
            return Math.max(from, after);
        }
        while (end > from && same(drawn, end)) {
            end--;
        }
        return Math.max(from, end);
    }

    private static boolean same(List<Row> drawn, int at) {
        return drawn.get(at).sha256().equals(drawn.get(at - 1).sha256());
    }

    private static Split nearestToTrain(Split a, Split b) {
        return a == Split.TRAIN || b == Split.TRAIN ? Split.TRAIN : a == Split.TEST || b == Split.TEST ? Split.TEST : a;
    }

    private static String draw(long seed, String sha256) {
        return Sha256.hex((seed + "\0" + sha256).getBytes(UTF_8));
    }
}
