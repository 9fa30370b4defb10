package io.peregrine.ingest.findings;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// All findings of a dataset, by kind. All are counted; the first [#KEPT] of each kind are stored.
///
/// @param totals of each kind that occurs
public record Findings(Map<FindingKind, Long> totals, List<Finding> kept) {
    /// Maximum number stored per kind: a folder of a million copies must not fill the database.
    public static final int KEPT = 1_000;

    public static final Findings NONE = new Findings(Map.of(), List.of());

    public Findings {
        totals = Map.copyOf(totals);
        kept = List.copyOf(kept);
    }

    /// @return these findings followed by those of another set; no kind may be in both
    public Findings and(Findings those) {
        Collector all = new Collector();
        all.addAll(this);
        all.addAll(those);
        return all.all();
    }

    /// Collects findings. The order depends only on the dataset.
    public static final class Collector {
        private final Map<FindingKind, Long> totals = new EnumMap<>(FindingKind.class);
        private final List<Finding> kept = new ArrayList<>();

        public void add(Finding finding) {
            if (totals.merge(finding.kind(), 1L, Long::sum) <= KEPT) {
                kept.add(finding);
            }
        }

        public void addAll(Findings findings) {
            findings.totals().forEach((kind, total) -> totals.merge(kind, total, Long::sum));
            kept.addAll(findings.kept());
        }

        /// @return all, sorted by kind
        public Findings all() {
            return new Findings(
                    totals,
                    kept.stream().sorted(Comparator.comparing(Finding::kind)).toList());
        }
    }
}
