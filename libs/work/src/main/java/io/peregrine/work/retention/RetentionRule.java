package io.peregrine.work.retention;

import io.peregrine.work.jobs.Transaction;
import java.time.Duration;

/// A rule that removes rows of one table after some time. A service adds rules for its own tables as beans.
public interface RetentionRule {
    /// @return the table's name in logs and metrics
    String table();

    /// Removes some rows in one short transaction.
    ///
    /// @param limit maximum number of rows to remove
    /// @return number of removed rows; 0 if there are no more
    int removeSome(Transaction tx, int limit);

    /// Creates a rule that deletes the rows of runs that ended long ago.
    ///
    /// @param table has a column `run`
    /// @param age since the run's end
    static RetentionRule ofEndedRuns(String table, Duration age) {
        return ofEndedRuns(table, age, "");
    }

    /// Creates a rule that deletes some rows of runs that ended long ago.
    ///
    /// @param table has a column `run`
    /// @param age since the run's end; bound to the query as `:seconds`
    /// @param only SQL that continues the query's condition: `and …`, and `order by …` where the order matters.
    ///     Columns are qualified with the table's name
    static RetentionRule ofEndedRuns(String table, Duration age, String only) {
        return of(table, age, """
                select %1$s.ctid from ended_run ended join %1$s on %1$s.run = ended.run
                where ended.ended_at < now() - :seconds * interval '1 second' %2$s
                limit :limit for update of %1$s skip locked""".formatted(table, only));
    }

    /// Creates a rule that deletes the rows that a query selects.
    ///
    /// @param age age at which rows are removed; bound to the query as `:seconds`
    /// @param expired selects the `ctid` of at most `:limit` expired rows and locks them with `skip locked`, so
    ///     that the deletion waits neither for another replica nor for a running transaction
    static RetentionRule of(String table, Duration age, String expired) {
        return new RetentionRule() {
            @Override
            public String table() {
                return table;
            }

            @Override
            public int removeSome(Transaction tx, int limit) {
                return tx.sql()
                        .createUpdate("delete from %s where ctid = any(array(%s))".formatted(table, expired))
                        .bind("seconds", age.toSeconds())
                        .bind("limit", limit)
                        .execute();
            }
        };
    }
}
