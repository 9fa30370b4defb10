package io.peregrine.ingest.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Tables of findings and of perceptual hashes (`V20261126_32__findings.sql`).
public final class FindingTables {
    /// A finding with its position among those of its run.
    public record Placed(int ordinal, Finding finding) {}

    /// The findings of one kind.
    ///
    /// @param total of the findings
    /// @param concerned sum of the counts of the stored findings: images, files or names
    public record Total(long total, long concerned) {}

    private FindingTables() {}

    /// Records that a run's dataset is sealed, with its findings.
    public static void seal(Handle sql, String run, Findings findings) {
        sql.createUpdate("update ingest_run set sealed_at = now() where run = :run")
                .bind("run", run)
                .execute();
        findings.totals()
                .forEach((kind, total) -> sql.createUpdate(
                                "insert into finding_total (run, kind, total) values (:run, :kind, :total)")
                        .bind("run", run)
                        .bind("kind", kind.name())
                        .bind("total", total)
                        .execute());
        if (findings.kept().isEmpty()) {
            return;
        }
        PreparedBatch rows = sql.prepareBatch(
                "insert into finding (run, ordinal, kind, finding) values (:run, :ordinal, :kind, :finding)");
        int ordinal = 0;
        for (Finding finding : findings.kept()) {
            rows.bind("run", run)
                    .bind("ordinal", ordinal++)
                    .bind("kind", finding.kind().name())
                    .bind("finding", json(finding))
                    .add();
        }
        rows.execute();
    }

    /// @return whether the run's dataset is sealed; empty if the run does not exist
    public static Optional<Boolean> isSealed(Handle sql, String run) {
        return sql.createQuery("select sealed_at is not null from ingest_run where run = :run")
                .bind("run", run)
                .mapTo(Boolean.class)
                .findOne();
    }

    /// @param kind filter, or null for every kind
    /// @param after ordinal of the last finding of the previous page, -1 for the first page
    public static List<Placed> page(Handle sql, String run, FindingKind kind, int after, int limit) {
        return sql.createQuery("""
                        select ordinal, finding from finding
                        where run = :run and ordinal > :after and (:kind::text is null or kind = :kind)
                        order by ordinal limit :limit""")
                .bind("run", run)
                .bind("after", after)
                .bind("kind", kind == null ? null : kind.name())
                .bind("limit", limit)
                .map((row, context) -> new Placed(row.getInt("ordinal"), finding(row.getString("finding"))))
                .list();
    }

    /// @return the number of findings of each kind that occurs
    public static Map<FindingKind, Total> totals(Handle sql, String run) {
        Map<FindingKind, Total> totals = new EnumMap<>(FindingKind.class);
        sql.createQuery("""
                        select kind, total, coalesce(concerned, 0) as concerned from finding_total
                        left join (
                            select kind, sum((finding::json ->> 'count')::bigint) as concerned
                            from finding where run = :run group by kind) kept using (kind)
                        where run = :run""")
                .bind("run", run)
                .map((row, context) -> Map.entry(
                        FindingKind.valueOf(row.getString("kind")),
                        new Total(row.getLong("total"), row.getLong("concerned"))))
                .forEach(total -> totals.put(total.getKey(), total.getValue()));
        return totals;
    }

    /// @param uri of the pack
    public static Optional<long[]> hashes(Handle sql, String uri) {
        return sql.createQuery("select hashes from pack_hashes where uri = :uri")
                .bind("uri", uri)
                .map((row, context) -> longs(row.getBytes("hashes")))
                .findOne();
    }

    public static void saveHashes(Handle sql, String uri, long[] hashes) {
        ByteBuffer bytes = ByteBuffer.allocate(hashes.length * Long.BYTES);
        bytes.asLongBuffer().put(hashes);
        sql.createUpdate("insert into pack_hashes (uri, hashes) values (:uri, :hashes) on conflict (uri) do nothing")
                .bind("uri", uri)
                .bind("hashes", bytes.array())
                .execute();
    }

    private static long[] longs(byte[] bytes) {
        long[] hashes = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).asLongBuffer().get(hashes);
        return hashes;
    }

    private static String json(Finding finding) {
        try {
            return EventCodec.json().writeValueAsString(finding);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Finding finding(String json) {
        try {
            return EventCodec.json().readValue(json, Finding.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a stored finding cannot be parsed: " + json, e);
        }
    }
}
