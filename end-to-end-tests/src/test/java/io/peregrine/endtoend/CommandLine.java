package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.platform.JvmOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Runs `./peregrine` commands in separate processes.
public final class CommandLine {
    private CommandLine() {}

    /// Exit status and output of a command.
    public record Answer(int status, String output) {}

    /// @param log file for the output
    public static Process start(Path log, Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(JvmOptions.java(), "-XX:TieredStopAtLevel=1"));
        command.addAll(JvmOptions.all());
        command.addAll(List.of(
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "io.peregrine.launcher.cli.Peregrine"));
        command.addAll(List.of(arguments));
        ProcessBuilder process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()));
        process.environment().putAll(environment);
        return process.start();
    }

    /// Runs a command to its end. A command that hangs fails the test instead of blocking the build.
    public static Answer run(Path log, Duration patience, String... arguments)
            throws IOException, InterruptedException {
        Process process = start(log, Map.of(), arguments);
        if (!process.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(
                    "%s did not end within %s: %s".formatted(List.of(arguments), patience, Files.readString(log)));
        }
        return new Answer(process.exitValue(), Files.readString(log, UTF_8).strip());
    }

    /// @return the processes with a folder in their command or environment, or with a working directory in it
    public static List<ProcessHandle> of(Path folder) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.pid() != ProcessHandle.current().pid() && names(process, folder))
                .toList();
    }

    private static boolean names(ProcessHandle process, Path folder) {
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        try {
            String command = Files.readString(proc.resolve("cmdline")) + Files.readString(proc.resolve("environ"));
            return Stream.of(command.split("\0"))
                            .anyMatch(word -> word.startsWith(folder.toString()) || word.endsWith("=" + folder))
                    || Files.readSymbolicLink(proc.resolve("cwd")).startsWith(folder);
        } catch (IOException endedOrForeign) {
            return false;
        }
    }
}
