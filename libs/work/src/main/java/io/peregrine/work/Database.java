package io.peregrine.work;

import java.sql.SQLException;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;

/// A service's schema in PostgreSQL, and what to make of its errors.
public final class Database {
    /// SQLSTATE classes of errors that the statement's own data or the program causes: cardinality, data,
    /// integrity, check option, program limits (such as a key too long for its index).
    private static final Set<String> PERMANENT_CLASSES = Set.of("21", "22", "23", "44", "54");

    /// Errors of a statement's own text, whatever lies in the database, and of continuing after an error in the
    /// same transaction. What a statement does not find (a table, a column, a privilege) is not among them: after
    /// a fail-over to a replica that is behind or empty, it comes back. Functions are PostgreSQL's own, which
    /// never lack.
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
    public void inTransaction(String cause, Consumer<Transaction> work) {
        jdbi.useTransaction(handle -> work.accept(new Transaction(handle, cause)));
    }

    <T> T call(String cause, Function<Transaction, T> work) {
        return jdbi.inTransaction(handle -> work.apply(new Transaction(handle, cause)));
    }

    /// Decides by what is known to be permanent. Everything else is waited for: a database that is away, full,
    /// busy, read-only, without a privilege or a password of ours, or in a state that nobody has thought of.
    ///
    /// @return whether trying again later may help
    public static boolean isTransient(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof SQLException sql) {
                String state = sql.getSQLState();
                // Without a state: the pool, which found no connection in time.
                return state == null || state.length() < 2 || !isPermanent(state);
            }
        }
        return error instanceof org.jdbi.v3.core.ConnectionException;
    }

    private static boolean isPermanent(String state) {
        return PERMANENT_CLASSES.contains(state.substring(0, 2)) || PERMANENT_STATES.contains(state);
    }
}
