package io.peregrine.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalPostgresTest {
    @TempDir
    Path folder;

    @Test
    void eachServiceHasItsOwnSchemaAndDataSurviveARestart() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("data"), 0)) {
            try (Connection ingest = postgres.connect("ingest");
                    Statement sql = ingest.createStatement()) {
                sql.execute("create table kept (n int)");
                sql.execute("insert into kept values (7)");
            }
            try (Connection balance = postgres.connect("balance");
                    Statement sql = balance.createStatement()) {
                assertThatThrownBy(() -> sql.execute("select * from ingest.kept"))
                        .hasMessageContaining("permission denied");
            }

            postgres.stop();
            postgres.start();

            try (Connection ingest = postgres.connect("ingest");
                    Statement sql = ingest.createStatement()) {
                try (ResultSet rows = sql.executeQuery("select n from ingest.kept")) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getInt(1)).isEqualTo(7);
                }
                try (ResultSet rows = sql.executeQuery("show fsync")) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getString(1)).isEqualTo("on");
                }
            }
        }
    }

    @Test
    void stopsAnOrphanedServerAndUsesItsFolder() throws Exception {
        int port = Ports.free();
        Process launcher = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Launcher.class.getName(),
                        folder.resolve("data").toString(),
                        Integer.toString(port))
                .redirectErrorStream(true)
                .start();
        String firstLine =
                launcher.inputReader().lines().filter("up"::equals).findFirst().orElseThrow();
        assertThat(firstLine).isEqualTo("up");
        long orphan = Long.parseLong(Files.readAllLines(folder.resolve("data/postmaster.pid"))
                .getFirst()
                .trim());
        launcher.destroyForcibly().onExit().join();
        assertThat(ProcessHandle.of(orphan).filter(ProcessHandle::isAlive)).isPresent();

        try (LocalPostgres next = LocalPostgres.start(folder.resolve("data"), port);
                Connection connection = next.connect("trainer")) {
            assertThat(connection.isValid(2)).isTrue();
            // It has ended, but its process id is freed only when its new parent reads its exit status.
            ProcessHandle.of(orphan)
                    .ifPresent(ended ->
                            ended.onExit().orTimeout(60, TimeUnit.SECONDS).join());
        }
    }

    /// Starts a database in a process that is then killed.
    static final class Launcher {
        public static void main(String[] arguments) throws InterruptedException {
            LocalPostgres.start(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
            System.out.println("up");
            new java.util.concurrent.CountDownLatch(1).await();
        }
    }

    /// After a crash: a stale process id that another process has by now.
    @Test
    void doesNotEndAnotherProcessWithTheIdInPostmasterPid() throws Exception {
        Path program = Files.copy(Path.of("/bin/sleep"), folder.resolve("postgres"));
        Process other = new ProcessBuilder(program.toString(), "600").start();
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.writeString(data.resolve("postmaster.pid"), other.pid() + "\n" + data + "\n");
        try (LocalPostgres postgres = LocalPostgres.start(data, 0);
                Connection connection = postgres.connect("trainer")) {
            assertThat(connection.isValid(2)).isTrue();
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly();
        }
    }

    /// A launcher that is killed while it creates the database leaves an incomplete folder, from which no server
    /// can start.
    @Test
    void recreatesAnIncompleteFolder() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.writeString(data.resolve("PG_VERSION"), "17\n");
        Files.createFile(data.resolve("postgresql.conf"));
        Files.createFile(folder.resolve("data.half-made"));
        try (LocalPostgres postgres = LocalPostgres.start(data, 0);
                Connection connection = postgres.connect("trainer")) {
            assertThat(connection.isValid(2)).isTrue();
            assertThat(folder.resolve("data.half-made")).doesNotExist();
        }
    }

    @Test
    void reportsAPortInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> LocalPostgres.start(folder.resolve("data"), taken.getLocalPort()))
                    .isInstanceOf(RefusedException.class)
                    .hasMessage(
                            "Port %d, which PostgreSQL needs, is in use. Stop the process that listens on it, or add --ports free."
                                    .formatted(taken.getLocalPort()));
        }
    }

    @Test
    void extractsItsProgramsAgainIfTheExtractionWasKilled() throws Exception {
        Path data = folder.resolve("postgres");
        LocalPostgres.start(data, 0).close();
        try (Stream<Path> versions = Files.list(folder.resolve("postgres-binaries"))) {
            Path version = versions.filter(Files::isDirectory).findFirst().orElseThrow();
            Files.delete(version.resolve(".exists"));
        }
        try (LocalPostgres again = LocalPostgres.start(data, 0)) {
            assertThat(again.answers()).isTrue();
        }
    }
}
