package io.peregrine.simulator;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.logging.Logger;
import javax.sql.DataSource;

/// A service's data source: a real PostgreSQL behind connections that fail when the schedule decides so.
///
/// A transaction may be lost before its commit, during it (the database has committed, the service gets a
/// connection error) or at any statement. The connection sets the simulated time.
final class SimulatedDatabase implements DataSource {
    /// Result of a request to the database.
    enum Fate {
        DONE,
        /// The connection breaks before the request has an effect.
        LOST_BEFORE,
        /// The connection breaks after the request took effect; the service cannot know.
        LOST_AFTER,
        /// The database rejects the request.
        REFUSED
    }

    /// Decides the results of requests.
    interface Faults {
        Fate connecting();

        Fate statement();

        Fate committing();

        /// A point at which the scheduler may switch to another activity.
        void point(String where);

        /// @return the statement to send instead
        String statement(String sql);

        /// @return statements that set the process and the clock skew of the connection
        String machine();
    }

    private record Idle(Connection connection, String settings) {}

    private final DataSource real;
    private final SimulatedClock clock;
    private final Deque<Idle> idle = new ArrayDeque<>();
    private Faults faults;

    SimulatedDatabase(DataSource real, SimulatedClock clock) {
        this.real = real;
        this.clock = clock;
    }

    void faults(Faults those) {
        faults = those;
    }

    @Override
    public Connection getConnection() throws SQLException {
        Activity activity = Activity.current();
        if (activity != null) {
            faults.point("connect");
            fail(faults.connecting());
        }
        Idle free = idle.poll();
        Connection connection = free == null ? real.getConnection() : free.connection();
        String time = "set simulated.now = '%s'; %s".formatted(clock.now(), faults == null ? "" : faults.machine());
        if (free == null || !free.settings().equals(time)) {
            try (Statement sql = connection.createStatement()) {
                sql.execute(time);
            }
        }
        Session session = new Session(connection, time, activity);
        if (activity != null) {
            activity.opened(session::abandon);
        }
        return (Connection)
                Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Connection.class}, session::invoke);
    }

    private static void fail(Fate fate) throws SQLException {
        switch (fate) {
            case DONE -> {}
            case REFUSED -> throw new SQLException("cannot execute in a read-only transaction (simulated)", "25006");
            default -> throw new SQLException("the connection was lost (simulated)", "08006");
        }
    }

    /// One connection while a service uses it.
    private final class Session {
        private final Connection connection;
        private final String settings;
        private final Activity activity;
        private boolean broken;
        private boolean open = true;

        Session(Connection connection, String settings, Activity activity) {
            this.connection = connection;
            this.settings = settings;
            this.activity = activity;
        }

        Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            String name = method.getName();
            return switch (name) {
                case "close" -> close();
                case "isClosed" -> !open;
                case "commit" -> commit();
                case "rollback" -> rollback(method, arguments);
                case "setAutoCommit" -> autoCommit((Boolean) arguments[0]);
                case "prepareStatement" -> prepare(method, arguments);
                case "toString" -> "simulated connection";
                case "hashCode" -> System.identityHashCode(proxy);
                case "equals" -> proxy == arguments[0];
                default -> call(connection, method, arguments);
            };
        }

        private void checkUsable() throws SQLException {
            if (activity != null) {
                activity.checkAlive();
            }
            if (broken) {
                throw new SQLException("the connection was lost (simulated)", "08003");
            }
        }

        private void applyFate(Fate fate) throws SQLException {
            broken |= fate == Fate.LOST_BEFORE || fate == Fate.LOST_AFTER;
            fail(fate);
        }

        private Object prepare(Method method, Object[] arguments) throws Throwable {
            checkUsable();
            if (activity != null) {
                applyFate(faults.statement());
            }
            arguments[0] = faults.statement((String) arguments[0]);
            PreparedStatement statement = (PreparedStatement) call(connection, method, arguments);
            return Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {PreparedStatement.class},
                    (proxy, of, with) -> call(statement, of, with));
        }

        private Object autoCommit(boolean on) throws SQLException {
            if (!broken && connection.getAutoCommit() != on) {
                if (activity != null) {
                    activity.inTransaction(on ? -1 : 1);
                }
                if (on) {
                    // Otherwise enabling auto-commit would commit a transaction that was neither committed nor
                    // rolled back.
                    connection.rollback();
                }
                connection.setAutoCommit(on);
            }
            return null;
        }

        private Object commit() throws SQLException {
            checkUsable();
            if (activity == null) {
                connection.commit();
                return null;
            }
            faults.point("commit");
            checkUsable();
            Fate fate = faults.committing();
            if (fate == Fate.LOST_AFTER || fate == Fate.DONE) {
                connection.commit();
            } else {
                connection.rollback();
            }
            applyFate(fate);
            return null;
        }

        private Object rollback(Method method, Object[] arguments) throws Throwable {
            return broken ? null : call(connection, method, arguments);
        }

        private Object close() throws SQLException {
            if (!open) {
                return null;
            }
            open = false;
            if (!connection.getAutoCommit()) {
                connection.rollback();
                connection.setAutoCommit(true);
                if (activity != null) {
                    activity.inTransaction(-1);
                }
            }
            if (broken
                    || activity != null
                            && activity.process() != null
                            && !activity.process().isAlive()) {
                // A broken connection releases its locks.
                try (Statement sql = connection.createStatement()) {
                    sql.execute("select pg_advisory_unlock_all()");
                }
            }
            idle.push(new Idle(connection, settings));
            return null;
        }

        /// Closes the connection if the activity ended without closing it.
        private void abandon() {
            try {
                close();
            } catch (SQLException e) {
                throw new IllegalStateException("cannot return a simulated connection", e);
            }
        }

        private Object call(Object target, Method method, Object[] arguments) throws Throwable {
            if (target == connection) {
                checkUsable();
            }
            try {
                return method.invoke(target, arguments);
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof SQLException sql && "55P03".equals(sql.getSQLState())) {
                    // Another activity, which is paused, holds the lock. This is reported as a deadlock with this
                    // transaction as the victim.
                    throw new SQLException("deadlock (simulated)", "40P01", sql);
                }
                throw e.getCause();
            }
        }
    }

    void close() throws SQLException {
        for (Idle one : idle) {
            one.connection().close();
        }
        idle.clear();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return getConnection();
    }

    @Override
    public PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("a simulated data source does not wrap another");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
