package io.peregrine.endtoend;

import io.peregrine.local.Service;
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

/// Sees in the services' tables when they work again.
final class Recovery {
    /// Longer than anything waits: leases, sessions of Kafka's consumers, pauses between two attempts.
    static final Duration LONGEST = Duration.ofSeconds(150);

    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final Duration PRECISION = Duration.ofMillis(100);

    private final PeregrineFixture house;

    Recovery(PeregrineFixture house) {
        this.house = house;
    }

    /// @return those of the services that have a job at work
    Set<Service> atWork(Set<Service> services) throws SQLException {
        try (Connection database = house.superuser("peregrine")) {
            return services.stream()
                    .filter(service -> ask(
                            database,
                            "select exists (select 1 from %s.job where state = 'running' and lease_until > now())",
                            service))
                    .collect(Collectors.toSet());
        }
    }

    /// Waits until each of the services has received or sent an event since the fault's end, and each that had a
    /// job at work has one at work again or has done one since.
    ///
    /// @return how long that took
    Duration await(Fault fault, Set<Service> wereAtWork, Instant end) {
        Awaitility.await("progress of %s after the fault '%s'".formatted(fault.hit(), fault))
                .atMost(LONGEST)
                .pollDelay(Duration.ZERO)
                .pollInterval(PRECISION)
                .until(() -> haveProgressed(fault, wereAtWork, end));
        return Duration.between(end, Instant.now());
    }

    private boolean haveProgressed(Fault fault, Set<Service> wereAtWork, Instant end) {
        try (Connection database = house.superuser("peregrine")) {
            String since = "'" + end + "'";
            String hears = "select exists (select 1 from %1$s.inbox where received_at > " + since
                    + ") or exists (select 1 from %1$s.outbox where sent_at > " + since + ")";
            String works = "select exists (select 1 from %1$s.job where state = 'done' and updated_at > " + since
                    + " or state = 'running' and lease_until > timestamptz " + since + " + interval '"
                    + LEASE.toSeconds() + " seconds')";
            // While the store is full events come and go; jobs do not end.
            Stream<Service> workers = fault.kind() == FaultKind.STORE_FULL ? Stream.of() : wereAtWork.stream();
            boolean stored = fault.kind() != FaultKind.STORE_FULL
                    || Stream.of(Service.values())
                            .anyMatch(service -> ask(
                                    database,
                                    "select exists (select 1 from %1$s.job where state = 'done' and updated_at > "
                                            + since + ")",
                                    service));
            return stored
                    && fault.hit().stream().allMatch(service -> ask(database, hears, service))
                    && workers.allMatch(service -> ask(database, works, service));
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

    /// @param question about a schema, with a place for its name
    private static boolean ask(Connection database, String question, Service service) {
        try (Statement sql = database.createStatement();
                ResultSet row = sql.executeQuery(question.formatted(service.word()))) {
            row.next();
            return row.getBoolean(1);
        } catch (SQLException e) {
            throw new Unanswered(e);
        }
    }
}
