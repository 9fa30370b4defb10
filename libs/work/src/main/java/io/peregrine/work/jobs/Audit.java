package io.peregrine.work.jobs;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/// Audit log of actions on runs, artifacts and quarantined records (`V20261129_52__audit.sql`).
public final class Audit {
    private static final int ACTOR_CHARACTERS = 200;
    private static final int DETAIL_CHARACTERS = 1_000;

    private Audit() {}

    /// One action.
    ///
    /// @param action published, cancelled, deleted, pruned, replayed or purged
    /// @param run run that the action applies to, or null
    /// @param by a principal, an address or a producer
    public record Entry(long id, Instant at, String action, String run, String by, String detail) {}

    /// Records an action in the transaction that performs it.
    public static void note(Handle sql, String action, String run, String by, String detail) {
        sql.createUpdate("insert into audit (action, run, actor, detail) values (:action, :run, :actor, :detail)")
                .bind("action", action)
                .bind("run", run)
                .bind("actor", cleaned(by, ACTOR_CHARACTERS))
                .bind("detail", cleaned(detail, DETAIL_CHARACTERS))
                .execute();
    }

    /// @param run a run, or null for all runs
    /// @param before id of the last entry of the previous page, [Long#MAX_VALUE] for the first page
    /// @return newest first
    public static List<Entry> list(Handle sql, String run, long before, int limit) {
        return sql.createQuery("""
                        select * from audit where id < :before and (cast(:run as text) is null or run = :run)
                        order by id desc limit :limit""")
                .bind("before", before)
                .bind("run", run)
                .bind("limit", limit)
                .map((row, context) -> new Entry(
                        row.getLong("id"),
                        row.getTimestamp("at").toInstant(),
                        row.getString("action"),
                        row.getString("run"),
                        row.getString("actor"),
                        row.getString("detail")))
                .list();
    }

    /// @return a name from an untrusted source, safe for a row, a header and a log line
    public static String actor(String claimed) {
        return cleaned(claimed, ACTOR_CHARACTERS);
    }

    private static String cleaned(String text, int characters) {
        String printable = text.replaceAll("\\p{Cntrl}", "\ufffd");
        return printable.codePointCount(0, printable.length()) <= characters
                ? printable
                : printable.substring(0, printable.offsetByCodePoints(0, characters)) + "…";
    }
}
