package io.peregrine.launcher;

import com.fasterxml.jackson.core.type.TypeReference;
import io.peregrine.events.EventCodec;
import io.peregrine.platform.LocalPostgres;
import io.peregrine.platform.PostgresProcesses;
import io.peregrine.platform.Supervised;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// The child processes of a launcher, stored in `<data>/processes.json`. `./peregrine status` reads the file. So
/// does the next launcher after one that was killed.
public final class ChildProcesses {
    private record Listed(List<ChildProcess> processes) {}

    private final Path file;
    private final Map<String, ChildProcess> children = new LinkedHashMap<>();

    /// @param data the launcher's data folder
    public ChildProcesses(Path data) {
        this.file = data.resolve("processes.json");
    }

    /// Records a process that was just started.
    ///
    /// @param lastEnd reason of the restart; null at the first start
    synchronized void started(Supervised child, String lastEnd) {
        ChildProcess before = children.get(child.name());
        ProcessIdentity identity = child.process().map(ProcessIdentity::of).orElse(new ProcessIdentity(0, ""));
        int restarts = before == null ? 0 : before.restarts();
        children.put(
                child.name(),
                new ChildProcess(
                        child.name(),
                        identity.pid(),
                        identity.started(),
                        Instant.now(),
                        child.port(),
                        lastEnd == null ? restarts : restarts + 1,
                        lastEnd));
        write();
    }

    /// Records that the child has a new process that this launcher did not start.
    synchronized void seen(Supervised child) {
        ChildProcess before = children.get(child.name());
        if (before != null
                && child.process().map(process -> process.pid() != before.pid()).orElse(false)) {
            started(child, before.lastEnd());
        }
    }

    private void write() {
        try {
            Path part = file.resolveSibling("processes.json.part");
            Files.write(part, EventCodec.json().writeValueAsBytes(new Listed(List.copyOf(children.values()))));
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @return the processes in the file; empty if there is no readable file
    public List<ChildProcess> read() {
        try {
            return Files.isRegularFile(file)
                    ? EventCodec.json()
                            .readValue(Files.readAllBytes(file), new TypeReference<Listed>() {})
                            .processes()
                    : List.of();
        } catch (IOException unreadable) {
            return List.of();
        }
    }

    /// Ends the processes that a dead launcher left running. The caller must hold the data folder's lock.
    ///
    /// @return one line for each process that was ended
    public List<String> endOrphans() {
        List<String> ended = new ArrayList<>();
        for (ChildProcess child : read()) {
            Optional<ProcessHandle> left = new ProcessIdentity(child.pid(), child.started()).find();
            if (left.isPresent()) {
                // Services and broker exit by themselves when their launcher has exited, unless they hang.
                CompletableFuture<ProcessHandle> exit = left.get().onExit();
                boolean isDatabase = child.name().equals(LocalPostgres.NAME);
                if (!isDatabase) {
                    try {
                        exit.get(2, TimeUnit.SECONDS);
                        continue;
                    } catch (Exception hangs) {
                        left.get().destroyForcibly();
                        exit.join();
                    }
                    ended.add(orphanNotice(child.name(), child.pid()));
                }
            }
        }
        PostgresProcesses database = new PostgresProcesses(file.resolveSibling("postgres"));
        Optional<ProcessHandle> postmaster = database.postmaster();
        if (!database.end().isEmpty()) {
            ended.add(orphanNotice(
                    LocalPostgres.NAME, postmaster.map(ProcessHandle::pid).orElse(0L)));
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException stays) {
            // The file lists only processes that have exited; readers check each process.
        }
        return ended;
    }

    private static String orphanNotice(String name, long pid) {
        return "Ended %s (process %d), which an earlier launcher had left running.".formatted(name, pid);
    }
}
