package io.peregrine.endtoend.chaos;

import io.peregrine.endtoend.PeregrineFixture;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Injects faults into a running Peregrine: its processes, its database and its disk.
final class FaultInjector {
    private static final Duration START = Duration.ofMinutes(2);

    private final PeregrineFixture fixture;

    FaultInjector(PeregrineFixture fixture) {
        this.fixture = fixture;
    }

    /// Injects a fault and returns when it is over.
    ///
    /// @return the cleanup to run once everything works again
    Runnable inject(Fault fault) throws Exception {
        String service = fault.service() == null ? null : fault.service().word();
        Duration length = fault.length();
        switch (fault.kind()) {
            case SERVICE_KILLED -> fixture.kill(service);
            case SERVICE_PAUSED -> pause(List.of(process(fixture.pid(service))), length);
            case SERVICE_DOUBLED -> {
                return doubled(service, length, fault.secondOne());
            }
            case BROKER_KILLED -> fixture.broker().kill();
            case BROKER_PAUSED -> pause(List.of(fixture.broker().process().orElseThrow()), length);
            case BROKER_STOPPED -> {
                fixture.broker().stop();
                sleep(length.dividedBy(2));
                fixture.kill(service);
                sleep(length.dividedBy(2));
                fixture.broker().start();
            }
            case CONNECTIONS_TERMINATED -> admin(terminate("usename <> 'postgres'"));
            case DATABASE_RESTARTED -> signal(postmaster(), "QUIT");
            case DATABASE_KILLED -> signal(postmaster(), "KILL");
            case DATABASE_PAUSED ->
                pause(
                        Stream.concat(Stream.of(postmaster()), postmaster().descendants())
                                .toList(),
                        length);
            case DATABASE_READ_ONLY -> {
                String others = terminate("usename <> 'postgres'");
                admin("alter database peregrine set default_transaction_read_only = on", others);
                sleep(length);
                // Terminates the sessions, as in a fail-over, because a session keeps the setting with which it
                // started.
                admin("alter database peregrine reset default_transaction_read_only", others);
            }
            case LOGIN_REFUSED -> refuse("alter role %s nologin", "alter role %s login", service, length);
            case CONNECTIONS_REFUSED ->
                refuse("alter role %s connection limit 0", "alter role %s connection limit -1", service, length);
            case STORE_FULL -> fill(fixture.storeFolder().resolve("ballast"), length);
        }
        return () -> {};
    }

    private void refuse(String refuse, String admit, String service, Duration length) throws Exception {
        admin(refuse.formatted(service), terminate("usename = '" + service + "'"));
        sleep(length);
        admin(admit.formatted(service));
    }

    private static String terminate(String which) {
        return "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'peregrine' and " + which;
    }

    /// Connects to another database than `peregrine`, which may be read-only.
    void admin(String... statements) throws SQLException {
        try (Connection database = fixture.superuser("postgres");
                Statement sql = database.createStatement()) {
            for (String statement : statements) {
                sql.execute(statement);
            }
        }
    }

    /// Starts a second instance of a service, and pauses one of the two for longer than a lease.
    private Runnable doubled(String service, Duration length, boolean secondOne) throws Exception {
        Process replica = replica(service);
        pause(List.of(secondOne ? replica.toHandle() : process(fixture.pid(service))), length);
        return () -> {
            replica.destroy();
            replica.onExit().join();
        };
    }

    /// Starts a second instance and waits until it has started.
    Process replica(String service) throws IOException {
        Path log = fixture.log(service).resolveSibling(service + "-replica.log");
        long before = starts(log);
        Process replica = fixture.replica(service);
        Awaitility.await("the start of a second instance of " + service)
                .atMost(START)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> starts(log) > before);
        return replica;
    }

    private static long starts(Path log) throws IOException {
        if (!Files.exists(log)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(" started in ")).count();
        }
    }

    /// Fills the disk for some time, and frees the space again.
    static void fill(Path ballast, Duration length) throws IOException, InterruptedException {
        byte[] block = new byte[64 * 1024];
        boolean full = false;
        try {
            long deadline = System.nanoTime() + length.toNanos();
            // Space that other programs free meanwhile is filled too.
            while (System.nanoTime() < deadline) {
                try (OutputStream out = Files.newOutputStream(
                        ballast, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
                    while (System.nanoTime() < deadline) {
                        out.write(block);
                    }
                } catch (IOException noRoom) {
                    full = true;
                    // The disk stays full for a while; it is not written to all the time.
                    TimeUnit.MILLISECONDS.sleep(200);
                }
            }
        } finally {
            Files.deleteIfExists(ballast);
        }
        if (!full) {
            throw new IllegalStateException("the disk of %s was not full within %s".formatted(ballast, length));
        }
    }

    /// Pauses processes, and resumes them in any case.
    static void pause(List<ProcessHandle> processes, Duration length) throws Exception {
        for (ProcessHandle process : processes) {
            signal(process, "STOP");
        }
        try {
            sleep(length);
        } finally {
            for (ProcessHandle process : processes) {
                if (process.isAlive()) {
                    signal(process, "CONT");
                }
            }
        }
    }

    static void signal(ProcessHandle process, String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .redirectErrorStream(true)
                .start();
        // A child of the database may have ended by itself.
        if (kill.waitFor() != 0 && process.isAlive()) {
            throw new IllegalStateException("kill -%s %d failed".formatted(signal, process.pid()));
        }
    }

    static ProcessHandle process(long pid) {
        return ProcessHandle.of(pid).orElseThrow();
    }

    private ProcessHandle postmaster() {
        return fixture.postgres().process().orElseThrow();
    }

    /// The length of a fault, which is part of what is tested.
    private static void sleep(Duration length) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(length.toNanos());
    }
}
