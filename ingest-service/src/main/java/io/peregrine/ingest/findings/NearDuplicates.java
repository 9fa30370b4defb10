package io.peregrine.ingest.findings;

import io.peregrine.parallel.WorkerPool;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// Pairs of hashes that are at most [DHash#BOUND] bits apart. Every pair is compared, at about a nanosecond each.
/// So no pair is missed, and the run time depends only on the number of images.
final class NearDuplicates {
    private static final int BLOCK = 1_024;

    /// @param a index of one hash
    /// @param b index of the other, greater than a
    record Pair(FindingKind kind, int distance, int a, int b) {}

    /// Returns the kinds of finding of two hashes that are near to each other.
    @FunctionalInterface
    interface Relation {
        List<FindingKind> of(int a, int b);
    }

    /// Pairs of some blocks. All are counted; the first of each kind and distance are kept.
    private static final class Tally {
        private final Map<FindingKind, Long> totals = new EnumMap<>(FindingKind.class);
        private final Map<FindingKind, int[]> keptAt = new EnumMap<>(FindingKind.class);
        private final List<Pair> kept = new ArrayList<>();

        void add(Pair pair) {
            totals.merge(pair.kind(), 1L, Long::sum);
            keep(pair);
        }

        void addAll(Tally later) {
            later.totals.forEach((kind, total) -> totals.merge(kind, total, Long::sum));
            later.kept.forEach(this::keep);
        }

        private void keep(Pair pair) {
            int[] kept = keptAt.computeIfAbsent(pair.kind(), kind -> new int[DHash.BOUND + 1]);
            if (kept[pair.distance()]++ < Findings.KEPT) {
                this.kept.add(pair);
            }
        }
    }

    private final Map<FindingKind, Long> totals;
    private final List<Pair> nearest;

    private NearDuplicates(Tally tally) {
        totals = tally.totals;
        nearest = tally.kept.stream()
                .sorted(Comparator.comparing(Pair::kind)
                        .thenComparing(Pair::distance)
                        .thenComparing(Pair::a)
                        .thenComparing(Pair::b))
                .toList();
    }

    /// @param between called between blocks; an exception from it ends the search
    static NearDuplicates among(List<DHash> hashes, Relation relation, WorkerPool workers, IntConsumer between)
            throws InterruptedException {
        long[] across = hashes.stream().mapToLong(DHash::across).toArray();
        long[] down = hashes.stream().mapToLong(DHash::down).toArray();
        List<Integer> blocks = IntStream.iterate(0, at -> at < across.length, at -> at + BLOCK)
                .boxed()
                .toList();
        Tally all = new Tally();
        workers.map(blocks, from -> block(across, down, from, relation), between)
                .forEach(all::addAll);
        return new NearDuplicates(all);
    }

    private static Tally block(long[] across, long[] down, int from, Relation relation) {
        Tally tally = new Tally();
        for (int a = from; a < Math.min(from + BLOCK, across.length); a++) {
            for (int b = a + 1; b < across.length; b++) {
                int distance = Long.bitCount(across[a] ^ across[b]);
                if (distance <= DHash.BOUND) {
                    distance += Long.bitCount(down[a] ^ down[b]);
                }
                if (distance <= DHash.BOUND) {
                    for (FindingKind kind : relation.of(a, b)) {
                        tally.add(new Pair(kind, distance, a, b));
                    }
                }
            }
        }
        return tally;
    }

    /// @return number of pairs of each kind
    Map<FindingKind, Long> totals() {
        return totals;
    }

    /// @return pairs by kind, the nearest first: at least [Findings#KEPT] of each kind, if there are that many
    List<Pair> nearest() {
        return nearest;
    }
}
