package io.peregrine.balance.postgres;

import io.peregrine.work.jobs.JobQueries;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Tables of partial results of neighbour searches (`V11__scale.sql`).
public final class SearchTables {
    private SearchTables() {}

    /// Stores what one share of a search has found since the previous call.
    ///
    /// @param found by tile row
    public static void save(Handle sql, String run, int label, int share, SortedMap<Integer, byte[]> found) {
        PreparedBatch batch = sql.prepareBatch("""
                insert into balance_found (run, label, share, tile, found) values (:run, :label, :share, :tile, :found)
                on conflict (run, label, share, tile) do update set found = excluded.found""");
        found.forEach((tile, bytes) -> batch.bind("run", run)
                .bind("label", label)
                .bind("share", share)
                .bind("tile", tile)
                .bind("found", bytes)
                .add());
        batch.execute();
    }

    /// Adds the work and time of a search since the previous call.
    ///
    /// @param products multiply-adds
    public static void searched(Handle sql, String run, int label, long products, double seconds) {
        sql.createUpdate("""
                        update balance_class set products_done = products_done + :products,
                            search_seconds = search_seconds + :seconds
                        where run = :run and label = :label""")
                .bind("run", run)
                .bind("label", label)
                .bind("products", products)
                .bind("seconds", seconds)
                .execute();
    }

    /// Marks a class as needing no further multiplications, since its neighbours are known.
    public static void markKnown(Handle sql, String run, int label) {
        sql.createUpdate("update balance_class set products = products_done where run = :run and label = :label")
                .bind("run", run)
                .bind("label", label)
                .execute();
    }

    /// @return the stored results of one share, by tile row
    public static SortedMap<Integer, byte[]> found(Handle sql, String run, int label, int share) {
        SortedMap<Integer, byte[]> found = new TreeMap<>();
        sql.createQuery("""
                        select tile, found from balance_found
                        where run = :run and label = :label and share = :share""")
                .bind("run", run)
                .bind("label", label)
                .bind("share", share)
                .map((row, context) -> found.put(row.getInt("tile"), row.getBytes("found")))
                .list();
        return found;
    }

    /// Records that a share is done. The class's row is locked until the end of the transaction, so that exactly
    /// one of several concurrent shares is the last.
    ///
    /// @return whether it was the last
    public static boolean shareDone(Handle sql, String run, int label) {
        return sql.createQuery("""
                        update balance_class set shares_done = shares_done + 1
                        where run = :run and label = :label returning shares_done = shares""")
                .bind("run", run)
                .bind("label", label)
                .mapTo(Boolean.class)
                .one();
    }

    /// Deletes the partial results of a class after its recipes are drawn.
    public static void deleteClass(Handle sql, String run, int label) {
        sql.createUpdate("delete from balance_found where run = :run and label = :label")
                .bind("run", run)
                .bind("label", label)
                .execute();
    }

    /// Deletes the partial results of a run that has ended.
    public static void deleteRun(Handle sql, String run) {
        sql.createUpdate("delete from balance_found where run = :run")
                .bind("run", run)
                .execute();
    }

    public static double searchSeconds(Handle sql, String run, int label) {
        return sql.createQuery("select search_seconds from balance_class where run = :run and label = :label")
                .bind("run", run)
                .bind("label", label)
                .mapTo(Double.class)
                .one();
    }

    /// @param kind of the search jobs
    public static RemainingWork remaining(Handle sql, String run, String kind) {
        int workers = JobQueries.countRunning(sql, run, kind);
        return sql.createQuery("""
                        select coalesce(products_per_second, 0) per_second,
                            (select coalesce(sum(products - products_done), 0) from balance_class where run = :run) left_over
                        from balance_run where run = :run""")
                .bind("run", run)
                .map((row, context) ->
                        new RemainingWork(row.getLong("left_over"), row.getDouble("per_second"), workers))
                .one();
    }
}
