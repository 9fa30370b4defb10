package io.peregrine.local;

import com.fasterxml.jackson.core.type.TypeReference;
import io.peregrine.events.EventCodec;
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

/// The children of a launcher, kept in `<data>/processes.json`: for `./peregrine status`, and for whoever comes
/// after a launcher that was killed.
public final class ChildProcesses {
    private record Listed(List<ChildProcess> processes) {}

    private final Path file;
    private final Map<String, ChildProcess> children = new LinkedHashMap<>();

    /// @param data the launcher's data folder
    public ChildProcesses(Path data) {
        this.file = data.resolve("processes.json");
    }

    /// Writes down a process that was started just now.
    ///
    /// @param lastEnd why it was started again; null at its first start
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

    /// Notes that the process is another one now, though nobody here started it.
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

    /// @return what the file tells; none if there is no file that can be read
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

    /// Ends what a launcher that is gone has left running. Whoever calls has the data folder's lock.
    ///
    /// @return one line for each process that was ended
    public List<String> endLeft() {
        List<String> ended = new ArrayList<>();
        for (ChildProcess child : read()) {
            Optional<ProcessHandle> left = new ProcessIdentity(child.pid(), child.started()).find();
            if (left.isPresent()) {
                // Services and broker halt by themselves when their launcher is gone, unless they hang.
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
                    ended.add(left(child.name(), child.pid()));
                }
            }
        }
        PostgresProcesses database = new PostgresProcesses(file.resolveSibling("postgres"));
        Optional<ProcessHandle> postmaster = database.postmaster();
        if (!database.end().isEmpty()) {
            ended.add(
                    left(LocalPostgres.NAME, postmaster.map(ProcessHandle::pid).orElse(0L)));
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException stays) {
            // It names processes that are gone; whoever reads it sees that.
        }
        return ended;
    }

    private static String left(String name, long pid) {
        return "%s (process %d), which an earlier launcher had left running, was ended.".formatted(name, pid);
    }
}
