package io.peregrine.local;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A real PostgreSQL as a child process, with a schema and a role for each service.
///
/// Durable as a server is: `fsync` and `synchronous_commit` are on. One that an earlier `kill -9` left running on
/// the same folder is found and stopped, and its folder taken over.
public final class LocalPostgres implements AutoCloseable {
    /// Each has a role and a schema of its name.
    public static final List<String> SERVICES = List.of("ingest", "balance", "trainer", "cluster");

    private final Path folder;
    private final int port;
    private EmbeddedPostgres server;

    private LocalPostgres(Path folder, int port) {
        this.folder = folder;
        this.port = port;
    }

    /// Starts a server.
    ///
    /// @param folder for its data; a server that ran there before goes on from it
    /// @param port to listen on, on loopback; 0 takes a free one
    /// @throws Refusal if the port is in use
    public static LocalPostgres start(Path folder, int port) {
        LocalPostgres postgres = new LocalPostgres(folder.toAbsolutePath(), port == 0 ? Ports.free() : port);
        postgres.start();
        return postgres;
    }

    /// Starts the server again, on the same folder and port, after [#stop].
    public void start() {
        try {
            Files.createDirectories(folder);
            stopOrphan();
            Ports.mustBeFree(port, "PostgreSQL");
            server = EmbeddedPostgres.builder()
                    .setDataDirectory(folder)
                    .setCleanDataDirectory(false)
                    .setOverrideWorkingDirectory(
                            folder.resolveSibling("postgres-binaries").toFile())
                    .setPort(port)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                    .setErrorRedirector(ProcessBuilder.Redirect.DISCARD)
                    .start();
            createSchemas();
        } catch (IOException e) {
            throw new UncheckedIOException("PostgreSQL cannot be started in " + folder, e);
        }
    }

    /// The first line of `postmaster.pid` is the process that has the folder.
    private void stopOrphan() throws IOException {
        Path pidFile = folder.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        Optional<ProcessHandle> orphan = Files.readAllLines(pidFile).stream()
                .findFirst()
                .map(String::trim)
                .filter(line -> line.matches("\\d+"))
                .flatMap(line -> ProcessHandle.of(Long.parseLong(line)))
                .filter(process -> process.info().command().orElse("").contains("postgres"));
        if (orphan.isPresent()) {
            // SIGINT is PostgreSQL's fast shutdown; Java can only send SIGTERM, which would wait for clients.
            Process kill = new ProcessBuilder(
                            "kill", "-INT", Long.toString(orphan.get().pid()))
                    .redirectErrorStream(true)
                    .start();
            try {
                kill.waitFor();
                orphan.get().onExit().get(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception stubborn) {
                orphan.get().destroyForcibly();
                orphan.get().onExit().join();
            }
        }
        Files.deleteIfExists(pidFile);
    }

    private void createSchemas() {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement sql = connection.createStatement()) {
            if (!exists(sql, "select 1 from pg_database where datname = 'peregrine'")) {
                sql.execute("create database peregrine");
            }
            for (String service : SERVICES) {
                if (!exists(sql, "select 1 from pg_roles where rolname = '" + service + "'")) {
                    sql.execute("create role %s login password '%s'".formatted(service, service));
                }
                sql.execute("alter role %s set search_path = %s".formatted(service, service));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("PostgreSQL refuses Peregrine's roles", e);
        }
        try (Connection connection = DriverManager.getConnection(url(), "postgres", "postgres");
                Statement sql = connection.createStatement()) {
            for (String service : SERVICES) {
                sql.execute("create schema if not exists %s authorization %s".formatted(service, service));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("PostgreSQL refuses Peregrine's schemas", e);
        }
    }

    private static boolean exists(Statement sql, String query) throws SQLException {
        try (ResultSet rows = sql.executeQuery(query)) {
            return rows.next();
        }
    }

    /// @return JDBC address of the database `peregrine`
    public String url() {
        return "jdbc:postgresql://127.0.0.1:%d/peregrine".formatted(port);
    }

    public int port() {
        return port;
    }

    /// @param service whose role to take; its password is its name
    public Connection connect(String service) throws SQLException {
        return DriverManager.getConnection(url(), service, service);
    }

    /// Stops the server; [#start] goes on from its folder.
    public void stop() {
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException("PostgreSQL in " + folder + " does not stop", e);
            } finally {
                server = null;
            }
        }
    }

    @Override
    public void close() {
        stop();
    }
}
