package io.peregrine.work;

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
