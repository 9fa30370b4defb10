package io.peregrine.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A process by its number and by the moment at which it started.
///
/// A number alone says nothing once it lies in a file: after a crash or a reboot it is any other process's.
///
/// @param pid its number
/// @param started identifies the boot and the clock tick at which it started
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

    /// @return a process that lives
    public static ProcessIdentity of(ProcessHandle process) {
        return new ProcessIdentity(process.pid(), started(process).orElse(""));
    }

    /// @return the process, if it still lives
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
            // A zombie has ended; only nobody has asked how.
            return fields[STATE].equals("Z")
                    ? Optional.empty()
                    : Optional.of(Files.readString(BOOT).strip() + "/" + fields[START_TICKS]);
        } catch (IOException gone) {
            return Optional.empty();
        }
    }
}
