package io.peregrine.work.jobs;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;

/// A service's schema in PostgreSQL, and the classification of its errors.
public final class Database {
    /// SQLSTATE classes of errors that are caused by the statement's own data or by the program: cardinality,
    /// data, integrity, check option, program limits (such as a key too long for its index).
    private static final Set<String> PERMANENT_CLASSES = Set.of("21", "22", "23", "44", "54");

    /// Errors in a statement's own text, which do not depend on the database's content, and errors of continuing
    /// after an error in the same transaction. Missing tables, columns and privileges are not included: after a
    /// fail-over to a replica that is behind or empty, they come back. Missing functions are included, because
    /// all functions are PostgreSQL's built-in ones.
    private static final Set<String> PERMANENT_STATES = Set.of(
            "25P02", "42601", "42602", "42622", "42702", "42725", "42803", "42804", "42846", "42883", "42P02", "42P08",
            "42P18");

    private final Jdbi jdbi;

    public Database(DataSource source) {
        this.jdbi = Jdbi.create(source);
    }

    /// @return the database for reading
    public Jdbi jdbi() {
        return jdbi;
    }

    /// Runs `work` in one transaction.
    ///
    /// @param cause id of the event that led here, or null
    /// @throws RuntimeException from `work` or the database. Nothing was written, unless the connection broke
    ///     during the commit. [#isTransient] tells whether to retry
    public void useTransaction(String cause, Consumer<Transaction> work) {
        inTransaction(cause, tx -> {
            work.accept(tx);
            return null;
        });
    }

    /// Runs `work` in one transaction.
    ///
    /// @param cause id of the event that led here, or null
    /// @return what `work` returned, after the commit
    /// @throws RuntimeException as for [#useTransaction]
    public <T> T inTransaction(String cause, Function<Transaction, T> work) {
        List<Runnable> committed = new ArrayList<>();
        T result = jdbi.inTransaction(handle -> work.apply(new Transaction(handle, cause, committed)));
        committed.forEach(Runnable::run);
        return result;
    }

    /// Whether a later retry may succeed. The decision uses a list of permanent errors. Every other error is
    /// treated as transient: a database that is unavailable, full, busy, read-only, misses a privilege, rejects
    /// the password, or is in an unknown state.
    ///
    /// @return whether to retry later
    public static boolean isTransient(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof SQLException sql) {
                String state = sql.getSQLState();
                // No state: the connection pool found no connection in time.
                return state == null || state.length() < 2 || !isPermanent(state);
            }
        }
        return error instanceof org.jdbi.v3.core.ConnectionException;
    }

    private static boolean isPermanent(String state) {
        return PERMANENT_CLASSES.contains(state.substring(0, 2)) || PERMANENT_STATES.contains(state);
    }
}
