package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// `./peregrine`, as a user types it, in processes of its own.
final class CommandLine {
    private CommandLine() {}

    /// What a command has printed, and its exit status.
    record Answer(int status, String words) {}

    /// @param log for what it prints
    static Process start(Path log, Map<String, String> environment, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Djava.awt.headless=true",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "io.peregrine.local.cli.Peregrine"));
        command.addAll(List.of(words));
        ProcessBuilder process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()));
        process.environment().putAll(environment);
        return process.start();
    }

    /// Runs a command to its end. What hangs fails here, and not the whole build.
    static Answer run(Path log, Duration patience, String... words) throws IOException, InterruptedException {
        Process process = start(log, Map.of(), words);
        if (!process.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(
                    "%s has not ended within %s: %s".formatted(List.of(words), patience, Files.readString(log)));
        }
        return new Answer(process.exitValue(), Files.readString(log, UTF_8).strip());
    }

    /// @return the processes that name a folder in their command, or work in it or below it
    static List<ProcessHandle> of(Path folder) {
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
        } catch (IOException goneOrAnotherUsers) {
            return false;
        }
    }
}
