package io.peregrine.ingest.pack;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What was found, by kind: all are counted, the first [#KEPT] of each kind are kept.
///
/// @param totals of each kind of which there is one
public record Findings(Map<FindingKind, Long> totals, List<Finding> kept) {
    /// So many of a kind are kept: a folder of a million copies must not fill the database.
    public static final int KEPT = 1_000;

    public static final Findings NONE = new Findings(Map.of(), List.of());

    public Findings {
        totals = Map.copyOf(totals);
        kept = List.copyOf(kept);
    }

    /// @return these, and behind them those: of other kinds
    public Findings and(Findings those) {
        Collector all = new Collector();
        all.addAll(this);
        all.addAll(those);
        return all.all();
    }

    /// Findings as they come in, in an order that the dataset alone decides.
    static final class Collector {
        private final Map<FindingKind, Long> totals = new EnumMap<>(FindingKind.class);
        private final List<Finding> kept = new ArrayList<>();

        void add(Finding finding) {
            if (totals.merge(finding.kind(), 1L, Long::sum) <= KEPT) {
                kept.add(finding);
            }
        }

        void addAll(Findings findings) {
            findings.totals().forEach((kind, total) -> totals.merge(kind, total, Long::sum));
            kept.addAll(findings.kept());
        }

        /// @return all, by kind
        Findings all() {
            return new Findings(
                    totals,
                    kept.stream().sorted(Comparator.comparing(Finding::kind)).toList());
        }
    }
}
