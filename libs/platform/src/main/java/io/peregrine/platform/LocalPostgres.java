package io.peregrine.platform;

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
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A real PostgreSQL server as a child process, with a schema and a role for each service.
///
/// Every role needs a password (SCRAM), including the superuser. Passwords are stored in `pgpass` next to the
/// data folder. The server is durable: `fsync` and `synchronous_commit` are on. A server that an earlier `kill
/// -9` left running on the same folder is found and stopped, and its folder is used.
public final class LocalPostgres implements AutoCloseable, Supervised {
    /// Each service has a role and a schema with its name.
    public static final List<String> SERVICES = List.of("ingest", "balance", "trainer", "cluster");

    public static final String NAME = "PostgreSQL";
    /// A server that is missing for longer has ended; `pg_ctl restart` takes less time.
    private static final Duration MISSING = Duration.ofSeconds(2);

    private final Path folder;
    private final int port;
    private final PostgresProcesses processes;
    private volatile DatabasePasswords passwords;
    private EmbeddedPostgres server;
    private volatile boolean wanted;
    private Long missingSince;

    private LocalPostgres(Path folder, int port) {
        this.folder = folder;
        this.port = port;
        this.processes = new PostgresProcesses(folder);
    }

    /// Starts a server.
    ///
    /// @param folder for its data; data of an earlier server are used
    /// @param port to listen on, on loopback; 0 selects a free port
    /// @throws RefusedException if the port is in use
    public static LocalPostgres start(Path folder, int port) {
        LocalPostgres postgres = new LocalPostgres(folder.toAbsolutePath(), port == 0 ? Ports.free() : port);
        postgres.start();
        return postgres;
    }

    /// Restarts the server on the same folder and port after [#stop].
    public synchronized void start() {
        try {
            processes.end();
            Ports.requireFree(port, NAME);
            deleteIfIncomplete();
            if (passwords == null) {
                // Later starts in this process reuse these passwords even if the file has changed, because
                // running services use them.
                passwords = DatabasePasswords.of(
                        folder.resolveSibling("pgpass"),
                        Stream.concat(Stream.of(PostgresAccess.SUPERUSER), SERVICES.stream())
                                .toList());
            }
            Path binaries = folder.resolveSibling("postgres-binaries");
            deleteIncompleteBinaries(binaries);
            server = EmbeddedPostgres.builder()
                    .setDataDirectory(folder)
                    .setCleanDataDirectory(false)
                    .setOverrideWorkingDirectory(binaries.toFile())
                    .setDataDirectoryCustomizer(ready -> new PostgresAccess(folder, binaries, log())
                            .restrict(passwords.of(PostgresAccess.SUPERUSER)))
                    .setConnectConfig("password", passwords.of(PostgresAccess.SUPERUSER))
                    .setPort(port)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setServerConfig("unix_socket_directories", "")
                    // Clients receive their own errors. The log contains only why the server ended.
                    .setServerConfig("log_min_messages", "fatal")
                    .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log().toFile()))
                    .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log().toFile()))
                    .start();
            createSchemas();
            Files.deleteIfExists(incompleteMarker());
            wanted = true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start PostgreSQL in " + folder, e);
        }
    }

    /// Marker file next to the folder while the database is being created. If the launcher is killed then, no
    /// server can start from the incomplete folder.
    private Path incompleteMarker() {
        return folder.resolveSibling(folder.getFileName() + ".half-made");
    }

    private void deleteIfIncomplete() throws IOException {
        if (Files.exists(incompleteMarker()) && Files.exists(folder)) {
            delete(folder);
        }
        Files.createDirectories(folder);
        try (Stream<Path> files = Files.list(folder)) {
            if (files.findAny().isEmpty()) {
                Files.writeString(incompleteMarker(), "The database in this folder is being created.\n");
            }
        }
    }

    /// The library writes `.exists` last, and cannot extract into a folder that a killed process left half
    /// filled.
    private static void deleteIncompleteBinaries(Path binaries) throws IOException {
        if (!Files.isDirectory(binaries)) {
            return;
        }
        try (Stream<Path> versions = Files.list(binaries)) {
            for (Path version : versions.filter(Files::isDirectory).toList()) {
                if (!Files.exists(version.resolve(".exists"))) {
                    delete(version);
                }
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void createSchemas() {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement sql = connection.createStatement()) {
            if (!exists(sql, "select 1 from pg_database where datname = 'peregrine'")) {
                sql.execute("create database peregrine");
            }
            for (String service : SERVICES) {
                if (!exists(sql, "select 1 from pg_roles where rolname = '" + service + "'")) {
                    sql.execute("create role %s login".formatted(service));
                }
                sql.execute(PostgresAccess.passwordOf(service, passwords.of(service)));
                sql.execute("alter role %s set search_path = %s".formatted(service, service));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot create Peregrine's roles in PostgreSQL", e);
        }
        try (Connection connection = connect(PostgresAccess.SUPERUSER);
                Statement sql = connection.createStatement()) {
            for (String service : SERVICES) {
                sql.execute("create schema if not exists %s authorization %s".formatted(service, service));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot create Peregrine's schemas in PostgreSQL", e);
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

    @Override
    public int port() {
        return port;
    }

    /// @param role a service's role, or `postgres`
    /// @return its password
    public String password(String role) {
        return passwords.of(role);
    }

    /// @param role a service's role, or `postgres`
    public Connection connect(String role) throws SQLException {
        return DriverManager.getConnection(url(), role, password(role));
    }

    /// Stops the server; [#start] restarts it on the same folder.
    public synchronized void stop() {
        wanted = false;
        discard();
        // A server that hangs ignores pg_ctl, which gives up after 5 seconds.
        processes.end();
    }

    /// Discards the server object. A server that is running and responding is shut down.
    private void discard() {
        if (server != null) {
            // pg_ctl signals the process whose id is in the file, even if another process has that id now.
            processes.deleteStalePidFile();
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot stop PostgreSQL in " + folder, e);
            } finally {
                server = null;
            }
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Path log() {
        return folder.resolveSibling("postgres.log");
    }

    @Override
    public boolean isWanted() {
        return wanted;
    }

    @Override
    public Optional<ProcessHandle> process() {
        return processes.postmaster();
    }

    @Override
    public synchronized Optional<String> ended() {
        if (process().isPresent()) {
            missingSince = null;
            return Optional.empty();
        }
        long now = System.nanoTime();
        if (missingSince == null) {
            missingSince = now;
        }
        return now - missingSince < MISSING.toNanos() ? Optional.empty() : Optional.of("ended");
    }

    /// An error from the server is an answer too, for example while it recovers.
    @Override
    public boolean answers() {
        String superuser = PostgresAccess.SUPERUSER;
        try (Connection connection = DriverManager.getConnection(
                url() + "?loginTimeout=5&socketTimeout=5", superuser, passwords.of(superuser))) {
            return connection.isValid(5);
        } catch (SQLException refused) {
            String state = refused.getSQLState();
            return state != null && !state.startsWith("08");
        }
    }

    @Override
    public synchronized void restart() {
        processes.kill();
        discard();
        start();
    }

    @Override
    public void close() {
        stop();
    }
}
