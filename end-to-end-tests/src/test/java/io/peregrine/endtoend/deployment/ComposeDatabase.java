package io.peregrine.endtoend.deployment;

import io.peregrine.platform.LocalPostgres;
import io.peregrine.platform.ProjectRoot;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/// A database with the certificate and the access rules of `deploy/compose`, and the roles of the local database.
final class ComposeDatabase implements AutoCloseable {
    private final EmbeddedPostgres server;

    private ComposeDatabase(EmbeddedPostgres server) {
        this.server = server;
    }

    /// @param folder folder with the passwords in `pgpass`
    static ComposeDatabase start(Path folder, ComposeSecrets secrets) throws IOException {
        String superuser;
        try (LocalPostgres roles = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            superuser = roles.password("postgres");
        }
        Path certificate = copy(secrets, "postgres.crt", folder);
        Path key = copy(secrets, "postgres.key", folder);
        return new ComposeDatabase(EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve("postgres"))
                .setCleanDataDirectory(false)
                .setOverrideWorkingDirectory(folder.resolve("postgres-binaries").toFile())
                .setConnectConfig("password", superuser)
                .setConnectConfig("sslmode", "require")
                .setServerConfig("listen_addresses", "127.0.0.1,127.0.0.2")
                .setServerConfig("unix_socket_directories", "")
                .setServerConfig("ssl", "on")
                .setServerConfig("ssl_cert_file", certificate.toString())
                .setServerConfig("ssl_key_file", key.toString())
                .setServerConfig("ssl_min_protocol_version", "TLSv1.3")
                .setServerConfig(
                        "hba_file",
                        ProjectRoot.path()
                                .resolve("deploy/compose/postgres/pg_hba.conf")
                                .toString())
                .setOutputRedirector(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("tls.log").toFile()))
                .setErrorRedirector(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("tls.log").toFile()))
                .start());
    }

    /// PostgreSQL requires that the key belongs to its user. Here that is the user of the test.
    private static Path copy(ComposeSecrets secrets, String name, Path folder) throws IOException {
        Path copy = folder.resolve(name);
        Files.write(
                copy, Files.readAllBytes(secrets.folder().resolve("postgres").resolve(name)));
        return Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-------"));
    }

    /// @param host host name for the connection
    String url(String host, String sslmode, Path authority) {
        return "jdbc:postgresql://%s:%d/peregrine?sslmode=%s&sslrootcert=%s&connectTimeout=10"
                .formatted(host, server.getPort(), sslmode, authority);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
