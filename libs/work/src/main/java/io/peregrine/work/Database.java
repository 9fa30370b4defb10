package io.peregrine.work;

import java.sql.SQLException;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;

/// A service's schema in PostgreSQL, and what to make of its errors.
public final class Database {
    /// SQLSTATE classes of errors that pass by themselves: connection, resources, operator, serialization, system.
    private static final Set<String> PASSING_CLASSES = Set.of("08", "53", "57", "58", "40");

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

    /// @return whether trying again later may help: the database is away, full or busy
    public static boolean passes(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof SQLException sql) {
                String state = sql.getSQLState();
                // Without a state: the pool, which found no connection in time.
                return state == null || state.length() < 2 || PASSING_CLASSES.contains(state.substring(0, 2));
            }
        }
        return error instanceof org.jdbi.v3.core.ConnectionException;
    }
}
