package io.peregrine.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A process, identified by its id and its start time.
///
/// A stored process id alone is not enough: after a crash or a reboot another process may have it.
///
/// @param pid process id
/// @param started boot id and clock tick of the start
public record ProcessIdentity(long pid, String started) {
    private static final Path PROC = Path.of("/proc");
    private static final Path BOOT = PROC.resolve("sys/kernel/random/boot_id");
    /// Fields of `/proc/PID/stat`, counted from the one after the command's name in parentheses.
    private static final int STATE = 0;

    private static final int START_TICKS = 19;

    /// @return this process
    public static ProcessIdentity current() {
        return of(ProcessHandle.current());
    }

    /// @return the identity of a running process
    public static ProcessIdentity of(ProcessHandle process) {
        return new ProcessIdentity(process.pid(), started(process).orElse(""));
    }

    /// @return the process, if it is still running
    public Optional<ProcessHandle> find() {
        return ProcessHandle.of(pid)
                .filter(process -> started != null
                        && !started.isEmpty()
                        && started(process).filter(started::equals).isPresent());
    }

    private static Optional<String> started(ProcessHandle process) {
        if (!Files.isReadable(BOOT)) {
            return process.info().startInstant().map(Object::toString);
        }
        try {
            String stat =
                    Files.readString(PROC.resolve(Long.toString(process.pid())).resolve("stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            // A zombie has ended; its parent has not read its exit status yet.
            return fields[STATE].equals("Z")
                    ? Optional.empty()
                    : Optional.of(Files.readString(BOOT).strip() + "/" + fields[START_TICKS]);
        } catch (IOException ended) {
            return Optional.empty();
        }
    }
}
