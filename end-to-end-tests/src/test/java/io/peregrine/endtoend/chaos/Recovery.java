package io.peregrine.endtoend.chaos;

import io.peregrine.endtoend.PeregrineFixture;
import io.peregrine.launcher.Service;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Detects in the services' tables when they work again.
final class Recovery {
    /// Longer than all timeouts: leases, sessions of Kafka's consumers, back-offs.
    static final Duration LONGEST = Duration.ofSeconds(150);

    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final Duration PRECISION = Duration.ofMillis(100);

    private final PeregrineFixture fixture;

    Recovery(PeregrineFixture fixture) {
        this.fixture = fixture;
    }

    /// @return those of the services that are running a job
    Set<Service> atWork(Set<Service> services) throws SQLException {
        try (Connection database = fixture.superuser("peregrine")) {
            return services.stream()
                    .filter(service -> query(
                            database,
                            "select exists (select 1 from %s.job where state = 'running' and lease_until > now())",
                            service))
                    .collect(Collectors.toSet());
        }
    }

    /// Waits until each affected service has received or sent an event since the end of the fault. Each service
    /// that was running a job must also run one again, or have completed one since.
    ///
    /// @return the time that this took
    Duration await(Fault fault, Set<Service> wereAtWork, Instant end) {
        Awaitility.await("progress of %s after the fault '%s'".formatted(fault.hit(), fault))
                .atMost(LONGEST)
                .pollDelay(Duration.ZERO)
                .pollInterval(PRECISION)
                .until(() -> haveProgressed(fault, wereAtWork, end));
        return Duration.between(end, Instant.now());
    }

    private boolean haveProgressed(Fault fault, Set<Service> wereAtWork, Instant end) {
        try (Connection database = fixture.superuser("peregrine")) {
            String since = "'" + end + "'";
            String receivesOrSends = "select exists (select 1 from %1$s.inbox where received_at > " + since
                    + ") or exists (select 1 from %1$s.outbox where sent_at > " + since + ")";
            String works = "select exists (select 1 from %1$s.job where state = 'done' and updated_at > " + since
                    + " or state = 'running' and lease_until > timestamptz " + since + " + interval '"
                    + LEASE.toSeconds() + " seconds')";
            // While the store is full, events are still received and sent, but jobs do not complete.
            Stream<Service> workers = fault.kind() == FaultKind.STORE_FULL ? Stream.of() : wereAtWork.stream();
            boolean stored = fault.kind() != FaultKind.STORE_FULL
                    || Stream.of(Service.values())
                            .anyMatch(service -> query(
                                    database,
                                    "select exists (select 1 from %1$s.job where state = 'done' and updated_at > "
                                            + since + ")",
                                    service));
            return stored
                    && fault.hit().stream().allMatch(service -> query(database, receivesOrSends, service))
                    && workers.allMatch(service -> query(database, works, service));
        } catch (SQLException | Unanswered notYet) {
            return false;
        }
    }

    @SuppressWarnings("serial")
    private static final class Unanswered extends RuntimeException {
        Unanswered(SQLException cause) {
            super(cause);
        }
    }

    /// @param query query with a placeholder for the schema's name
    private static boolean query(Connection database, String query, Service service) {
        try (Statement sql = database.createStatement();
                ResultSet row = sql.executeQuery(query.formatted(service.word()))) {
            row.next();
            return row.getBoolean(1);
        } catch (SQLException e) {
            throw new Unanswered(e);
        }
    }
}
