package io.peregrine.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresAccessTest {
    private static final List<String> ROLES = Stream.concat(
                    Stream.of(PostgresAccess.SUPERUSER), LocalPostgres.SERVICES.stream())
            .toList();

    @TempDir
    Path folder;

    @Test
    void everyRoleNeedsItsGeneratedPasswordAlsoAfterARestart() throws Exception {
        Path file = folder.resolve("pgpass");
        List<String> generated;
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            generated = Files.readAllLines(file);
            assertThat(generated).hasSize(5).allMatch(line -> line.matches("\\*:\\*:\\*:\\w+:[A-Za-z0-9_-]{43}"));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertGuarded(postgres);
        }
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            assertThat(Files.readAllLines(file)).isEqualTo(generated);
            assertGuarded(postgres);
        }
        assertThat(Files.readString(folder.resolve("postgres.log"))).doesNotContain(passwords(generated));
    }

    @Test
    void usesAnExistingPasswordFileUnchanged() throws Exception {
        LocalPostgres.start(folder.resolve("postgres"), 0).close();
        Path file = folder.resolve("pgpass");
        Files.write(
                file,
                Stream.concat(
                                Stream.of("# for the tests of something else"),
                                ROLES.stream().map(role -> "127.0.0.1:*:*:%s:it's \\:\\\\%1$s".formatted(role)))
                        .toList());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            assertThat(postgres.password("trainer")).isEqualTo("it's :\\trainer");
            assertGuarded(postgres);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");

            // A server that is restarted while services run keeps the passwords that they use.
            Files.delete(file);
            postgres.stop();
            postgres.start();
            assertGuarded(postgres);
        }
    }

    /// A folder in the old format: no password is needed, and a role's password is its name.
    @Test
    void aFolderWithoutPasswordsRequiresThemAfterTheNextStart() throws Exception {
        Path data = folder.resolve("postgres");
        try (EmbeddedPostgres before = EmbeddedPostgres.builder()
                        .setDataDirectory(data)
                        .setCleanDataDirectory(false)
                        .setOverrideWorkingDirectory(
                                folder.resolve("postgres-binaries").toFile())
                        .start();
                Connection connection = before.getPostgresDatabase().getConnection();
                Statement sql = connection.createStatement()) {
            sql.execute("create database peregrine");
            for (String service : LocalPostgres.SERVICES) {
                sql.execute("create role %s login password '%1$s'".formatted(service));
            }
            try (Connection peregrine =
                            DriverManager.getConnection(before.getJdbcUrl("postgres", "peregrine"), "postgres", "any");
                    Statement inside = peregrine.createStatement()) {
                inside.execute("create schema ingest authorization ingest");
                inside.execute("create table ingest.kept as select 7 as n");
                inside.execute("alter table ingest.kept owner to ingest");
            }
        }
        try (LocalPostgres postgres = LocalPostgres.start(data, 0);
                Connection ingest = postgres.connect("ingest");
                ResultSet rows = ingest.createStatement().executeQuery("select n from kept")) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.getInt(1)).isEqualTo(7);
            assertGuarded(postgres);
        }
    }

    @Test
    void reportsARoleWithoutAPassword() throws Exception {
        Path file = Files.writeString(folder.resolve("pgpass"), "*:*:*:postgres:one\n");
        assertThatThrownBy(() -> DatabasePasswords.of(file, ROLES))
                .isInstanceOf(RefusedException.class)
                .hasMessage(
                        "%s has no password for the role ingest. Add a line *:*:*:ingest:PASSWORD, or delete the file: the next start then generates new passwords.",
                        file);
    }

    private static void assertGuarded(LocalPostgres postgres) throws SQLException {
        for (String role : ROLES) {
            try (Connection connection = postgres.connect(role)) {
                assertThat(connection.isValid(5)).isTrue();
            }
            for (String wrong : List.of(role, "wrong", postgres.password(role) + "x")) {
                assertThatThrownBy(() -> DriverManager.getConnection(postgres.url(), role, wrong)
                                .close())
                        .as("%s with the password %s", role, wrong)
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                refused -> assertThat(refused.getSQLState()).isEqualTo("28P01"));
            }
        }
        assertThatThrownBy(() -> DriverManager.getConnection(
                                postgres.url().replace("/peregrine", "/postgres"), "postgres", "postgres")
                        .close())
                .hasMessageContaining("password authentication failed");
    }

    private static String[] passwords(List<String> lines) {
        return lines.stream()
                .map(line -> line.substring(line.lastIndexOf(':') + 1))
                .toArray(String[]::new);
    }
}
