package io.peregrine.work;

import java.time.Duration;

/// Rows of one table that are not needed any more after some time. A service adds rules for its own tables as
/// beans.
public interface RetentionRule {
    /// @return the table, as logs and metrics name it
    String table();

    /// Removes some rows in one short transaction.
    ///
    /// @param limit the most rows to remove
    /// @return how many were removed; 0, when there are no more
    int removeSome(Transaction tx, int limit);

    /// A rule that deletes rows by a query.
    ///
    /// @param age of rows that are removed: bound to the query as `:seconds`
    /// @param expired selects the `ctid` of rows that may go, at most `:limit`, and locks them with `skip
    ///     locked`, so that neither another replica nor a running transaction is waited for
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
