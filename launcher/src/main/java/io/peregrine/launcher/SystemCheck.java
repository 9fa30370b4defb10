package io.peregrine.launcher;

import io.peregrine.launcher.LocalPeregrine.Addresses;
import io.peregrine.platform.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Checks this machine before anything is started: what Peregrine requires, what makes it faster, and what only
/// some commands require.
public final class SystemCheck {
    /// The 4 GB that `docs/limits.md` requires, minus the memory that the kernel reserves.
    private static final long MEMORY = 3_700_000_000L;

    private static final long DISK = 2_000_000_000L;
    private static final long OPEN_FILES = 4_096;
    /// Bytes of an image of the default side length in a pack.
    private static final long IMAGE = 3L * 416 * 416;

    /// Severity of a finding.
    public enum Severity {
        /// The requirement is met.
        GOOD,
        /// Peregrine works without it, but more slowly or without some commands.
        BETTER_WITH,
        /// Peregrine does not work without it.
        LACKS
    }

    /// Result of one check.
    ///
    /// @param found what was found
    /// @param advice what to do; empty if the requirement is met
    public record Finding(String what, Severity severity, String found, String advice) {}

    private final Path proc;
    private final Path sys;
    private final List<Finding> findings = new ArrayList<>();

    private SystemCheck(Path proc, Path sys) {
        this.proc = proc;
        this.sys = sys;
    }

    /// @param data folder for the data; files created by the check are deleted
    /// @param addresses ports that must be free; 0 stands for any free port; null if Peregrine already uses them
    public static List<Finding> findings(Path data, Addresses addresses) {
        return findings(Path.of("/proc"), Path.of("/sys"), data, addresses);
    }

    static List<Finding> findings(Path proc, Path sys, Path data, Addresses addresses) {
        SystemCheck check = new SystemCheck(proc, sys);
        check.processor();
        check.memory();
        check.openFiles();
        check.hugePages();
        check.jemalloc();
        check.disk(data.toAbsolutePath().normalize());
        check.temporaryFiles(Path.of(System.getProperty("java.io.tmpdir")));
        check.ports(addresses);
        check.tool("Python, for verify and bench", "install Python 3.11 with venv", "python3", "-c", """
                import sys, venv; assert sys.version_info >= (3, 11); print(sys.version.split()[0])""");
        check.tool("Docker, for compose", "install Docker with compose", "docker", "compose", "version", "--short");
        return List.copyOf(check.findings);
    }

    private void good(String what, String found) {
        findings.add(new Finding(what, Severity.GOOD, found, ""));
    }

    private void processor() {
        String name = "processor";
        String kind = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
        if (!kind.equals("Linux on amd64")) {
            findings.add(new Finding(name, Severity.LACKS, kind, "Peregrine needs Linux on x86-64"));
            return;
        }
        String cores = "%d cores".formatted(Runtime.getRuntime().availableProcessors());
        boolean vectors = lines(proc.resolve("cpuinfo"))
                .anyMatch(line -> line.startsWith("flags") && (line + " ").contains(" avx2 "));
        if (vectors) {
            good(name, cores + ", AVX2");
        } else {
            findings.add(new Finding(
                    name,
                    Severity.BETTER_WITH,
                    cores + " without AVX2",
                    "neighbour search and training take several times as long"));
        }
    }

    private void memory() {
        long all = kilobytes("MemTotal:");
        long left = kilobytes("MemAvailable:");
        String found = "%.1f GB, %.1f available".formatted(all / 1e9, left / 1e9);
        if (all < MEMORY) {
            findings.add(new Finding("memory", Severity.LACKS, found, "Peregrine needs 4 GB"));
        } else if (left < MEMORY) {
            findings.add(new Finding(
                    "memory", Severity.BETTER_WITH, found, "4 GB should be available; stop other programs"));
        } else {
            good("memory", found);
        }
    }

    private long kilobytes(String field) {
        return lines(proc.resolve("meminfo"))
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> 1_024 * Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }

    private void openFiles() {
        String limit = lines(proc.resolve("self/limits"))
                .filter(line -> line.startsWith("Max open files"))
                // Java raises its limit to the hard limit, the second number.
                .map(line -> line.split("\\s+")[4])
                .findFirst()
                .orElse("unknown");
        if (limit.matches("\\d+") && Long.parseLong(limit) < OPEN_FILES) {
            findings.add(new Finding(
                    "open files", Severity.LACKS, limit, "raise the limit to %,d: ulimit -n".formatted(OPEN_FILES)));
        } else {
            good("open files", limit);
        }
    }

    private void hugePages() {
        boolean never =
                lines(sys.resolve("kernel/mm/transparent_hugepage/enabled")).anyMatch(line -> line.contains("[never]"));
        if (never) {
            findings.add(new Finding(
                    "huge pages",
                    Severity.BETTER_WITH,
                    "never",
                    "training is slower; echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"));
        } else {
            good("huge pages", "available");
        }
    }

    private void jemalloc() {
        Jemalloc.find()
                .ifPresentOrElse(
                        library -> good("jemalloc", library.toString()),
                        () -> findings.add(
                                new Finding(
                                        "jemalloc",
                                        Severity.BETTER_WITH,
                                        "not found",
                                        "training is slower; install libjemalloc2, or on Debian run deploy/jemalloc/setup.sh, which unpacks it for the current user")));
    }

    private void disk(Path data) {
        String what = "disk for data";
        Path there = data;
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        try {
            long left = Files.getFileStore(there).getUsableSpace();
            String found = "%s: %.1f GB left, %,d images of side 416".formatted(data, left / 1e9, left / IMAGE);
            if (left < DISK) {
                findings.add(new Finding(
                        what, Severity.LACKS, found, "free 2 GB of disk space, or choose another folder with --data"));
                return;
            }
            if (executable(what, there)) {
                good(what, found);
            }
        } catch (IOException e) {
            findings.add(new Finding(what, Severity.LACKS, data + ": " + e, "choose another folder with --data"));
        }
    }

    private void temporaryFiles(Path folder) {
        if (executable("temporary files", folder)) {
            good("temporary files", folder.toString());
        }
    }

    /// The database's programs and the engine's libraries are unpacked here and executed, so the folder must
    /// allow this.
    private boolean executable(String what, Path folder) {
        Path script = null;
        try {
            script = Files.createTempFile(
                    folder,
                    "peregrine-doctor-",
                    ".sh",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.writeString(script, "#!/bin/sh\nexit 0\n");
            if (new ProcessBuilder(script.toString()).start().waitFor() == 0) {
                return true;
            }
            findings.add(new Finding(
                    what, Severity.LACKS, folder.toString(), "the folder must allow execution of programs"));
        } catch (IOException e) {
            findings.add(new Finding(
                    what,
                    Severity.LACKS,
                    folder + ": " + e.getMessage(),
                    "the folder must be writable, and not mounted noexec"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            delete(script);
        }
        return false;
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException stays) {
            // A file of a few bytes may remain; its name shows where it comes from.
        }
    }

    private void ports(Addresses addresses) {
        if (addresses == null) {
            good("ports", "used by the running Peregrine");
            return;
        }
        Map<String, Integer> wanted = addresses.byName();
        List<String> taken = wanted.entrySet().stream()
                .filter(port -> port.getValue() != 0 && !Ports.isFree(port.getValue()))
                .map(port -> "%d (%s)".formatted(port.getValue(), port.getKey()))
                .toList();
        if (taken.isEmpty()) {
            good("ports", "free");
        } else {
            findings.add(new Finding(
                    "ports",
                    Severity.LACKS,
                    "in use: " + String.join(", ", taken),
                    "add --ports free, or stop the programs that use them"));
        }
    }

    private void tool(String what, String advice, String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes()).strip();
            if (process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0) {
                good(what, output);
                return;
            }
        } catch (IOException notThere) {
            // Handled like a command that failed.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        findings.add(new Finding(what, Severity.BETTER_WITH, "not found", advice));
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException none) {
            return Stream.empty();
        }
    }
}
