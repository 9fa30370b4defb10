package io.peregrine.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The processes of the PostgreSQL server that uses one data folder.
///
/// They are recognized by that folder: it is the working directory of each process and an argument of the
/// postmaster. `postmaster.pid` contains only a process id. After a crash another process may have that id, even
/// another PostgreSQL server.
public final class PostgresProcesses {
    private static final Set<String> PROGRAMS = Set.of("postgres", "initdb", "pg_ctl");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path folder;
    private final Path pidFile;

    public PostgresProcesses(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
        this.pidFile = this.folder.resolve("postmaster.pid");
    }

    /// @return all processes that use the folder now
    List<ProcessHandle> all() {
        return ProcessHandle.allProcesses().filter(this::usesFolder).toList();
    }

    /// @return the process with the id in `postmaster.pid`, if it uses the folder
    public Optional<ProcessHandle> postmaster() {
        try {
            return Files.readAllLines(pidFile).stream()
                    .findFirst()
                    .map(String::strip)
                    .filter(line -> line.matches("\\d{1,9}"))
                    .flatMap(line -> ProcessHandle.of(Long.parseLong(line)))
                    .filter(this::usesFolder);
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private boolean usesFolder(ProcessHandle process) {
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        try {
            Path program = Files.readSymbolicLink(proc.resolve("exe")).getFileName();
            if (!PROGRAMS.contains(program.toString().replace(" (deleted)", ""))) {
                return false;
            }
            Path real = Files.exists(folder) ? folder.toRealPath() : folder;
            if (Files.readSymbolicLink(proc.resolve("cwd")).equals(real)) {
                return true;
            }
            List<String> arguments =
                    List.of(Files.readString(proc.resolve("cmdline")).split("\0"));
            int option = arguments.indexOf("-D");
            return option >= 0
                    && option + 1 < arguments.size()
                    && List.of(folder.toString(), real.toString()).contains(arguments.get(option + 1));
        } catch (IOException endedOrForeign) {
            return false;
        }
    }

    /// Ends all of them: the postmaster by a fast shutdown, those still running after 20 seconds by SIGKILL.
    ///
    /// @return the processes found
    public List<ProcessHandle> end() {
        List<ProcessHandle> found = all();
        postmaster().ifPresent(PostgresProcesses::shutDown);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        List<ProcessHandle> left = found;
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            pause();
            left = all();
        }
        kill();
        return found;
    }

    /// Kills all of them, and returns when they have exited.
    void kill() {
        List<ProcessHandle> left = all();
        // A process closes its files only after its program is no longer visible in `/proc`.
        while (!left.isEmpty()) {
            left.forEach(ProcessHandle::destroyForcibly);
            pause();
            left = Stream.concat(left.stream().filter(ProcessHandle::isAlive), all().stream())
                    .distinct()
                    .toList();
        }
        deleteStalePidFile();
    }

    /// Deletes a `postmaster.pid` whose process has exited, before anything signals the process id in it.
    void deleteStalePidFile() {
        if (postmaster().isEmpty()) {
            try {
                Files.deleteIfExists(pidFile);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// SIGINT requests PostgreSQL's fast shutdown. Java can only send SIGTERM, which would wait for clients to
    /// disconnect.
    private static void shutDown(ProcessHandle postmaster) {
        try {
            new ProcessBuilder("kill", "-INT", Long.toString(postmaster.pid()))
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
        } catch (IOException noSuchCommand) {
            postmaster.destroy();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for PostgreSQL to end", e);
        }
    }
}
