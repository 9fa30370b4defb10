package io.peregrine.local;

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

/// The processes of the PostgreSQL server that works in one data folder.
///
/// They are recognized by that folder, which is the working directory of each of them and an argument of the
/// first. `postmaster.pid` names only a number, which after a crash may be another process's, even another
/// PostgreSQL's.
final class PostgresProcesses {
    private static final Set<String> PROGRAMS = Set.of("postgres", "initdb", "pg_ctl");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path folder;
    private final Path pidFile;

    PostgresProcesses(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
        this.pidFile = this.folder.resolve("postmaster.pid");
    }

    /// @return all that work in the folder now
    List<ProcessHandle> all() {
        return ProcessHandle.allProcesses().filter(this::worksHere).toList();
    }

    /// @return the one that `postmaster.pid` names, if it is one that works in the folder
    Optional<ProcessHandle> postmaster() {
        try {
            return Files.readAllLines(pidFile).stream()
                    .findFirst()
                    .map(String::strip)
                    .filter(line -> line.matches("\\d{1,9}"))
                    .flatMap(line -> ProcessHandle.of(Long.parseLong(line)))
                    .filter(this::worksHere);
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private boolean worksHere(ProcessHandle process) {
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
        } catch (IOException goneOrAnotherUsers) {
            return false;
        }
    }

    /// Ends all of them: the first by a fast shutdown, those that do not follow within 20 seconds by a kill.
    ///
    /// @return those that there were
    List<ProcessHandle> end() {
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

    /// Kills all of them, and returns when they are gone.
    void kill() {
        List<ProcessHandle> left = all();
        // What a process had open is closed only after its program can no longer be seen.
        while (!left.isEmpty()) {
            left.forEach(ProcessHandle::destroyForcibly);
            pause();
            left = Stream.concat(left.stream().filter(ProcessHandle::isAlive), all().stream())
                    .distinct()
                    .toList();
        }
        forget();
    }

    /// Deletes a `postmaster.pid` whose process is gone, before anything sends a signal to the number in it.
    void forget() {
        if (postmaster().isEmpty()) {
            try {
                Files.deleteIfExists(pidFile);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// SIGINT is PostgreSQL's fast shutdown; Java can only send SIGTERM, which would wait for clients.
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
            throw new IllegalStateException("interrupted while PostgreSQL ended", e);
        }
    }
}
