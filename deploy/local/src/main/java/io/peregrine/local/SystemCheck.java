package io.peregrine.local;

import io.peregrine.local.LocalPeregrine.Addresses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Looks at this machine before anything is started on it: what Peregrine needs, what it would be slow without,
/// and what only some commands ask for.
public final class SystemCheck {
    /// What the README's "Requirements and sizes" says, less what a kernel keeps for itself.
    private static final long MEMORY = 3_700_000_000L;

    private static final long DISK = 2_000_000_000L;
    private static final long OPEN_FILES = 4_096;
    /// Bytes of an image of the default side in a pack.
    private static final long IMAGE = 3L * 416 * 416;

    /// How much it matters.
    public enum Severity {
        /// It is there.
        GOOD,
        /// Peregrine runs without, more slowly, or some commands do not.
        BETTER_WITH,
        /// Nothing runs without.
        LACKS
    }

    /// One thing looked at.
    ///
    /// @param found what is there
    /// @param advice what to do about it; empty if it is good
    public record Finding(String what, Severity severity, String found, String advice) {}

    private final Path proc;
    private final Path sys;
    private final List<Finding> findings = new ArrayList<>();

    private SystemCheck(Path proc, Path sys) {
        this.proc = proc;
        this.sys = sys;
    }

    /// @param data folder that data will lie in; nothing stays of what is tried in it
    /// @param addresses that must be free; of 0 any will do; null: they are Peregrine's own already
    public static List<Finding> findings(Path data, Addresses addresses) {
        return findings(Path.of("/proc"), Path.of("/sys"), data, addresses);
    }

    static List<Finding> findings(Path proc, Path sys, Path data, Addresses addresses) {
        SystemCheck machine = new SystemCheck(proc, sys);
        machine.processor();
        machine.memory();
        machine.openFiles();
        machine.hugePages();
        machine.jemalloc();
        machine.disk(data.toAbsolutePath().normalize());
        machine.temporaryFiles(Path.of(System.getProperty("java.io.tmpdir")));
        machine.ports(addresses);
        machine.tool("Python, for verify and bench", "install Python 3.11 with venv", "python3", "-c", """
                import sys, venv; assert sys.version_info >= (3, 11); print(sys.version.split()[0])""");
        machine.tool("Docker, for compose", "install Docker with compose", "docker", "compose", "version", "--short");
        return List.copyOf(machine.findings);
    }

    private void good(String what, String found) {
        findings.add(new Finding(what, Severity.GOOD, found, ""));
    }

    private void processor() {
        String name = "processor";
        String kind = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
        if (!kind.equals("Linux on amd64")) {
            findings.add(new Finding(name, Severity.LACKS, kind, "the engine's libraries are for Linux on x86-64"));
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
                    "searches and trainings take several times as long"));
        }
    }

    private void memory() {
        long all = kilobytes("MemTotal:");
        long left = kilobytes("MemAvailable:");
        String found = "%.1f GB, %.1f available".formatted(all / 1e9, left / 1e9);
        if (all < MEMORY) {
            findings.add(new Finding("memory", Severity.LACKS, found, "4 GB are needed"));
        } else if (left < MEMORY) {
            findings.add(
                    new Finding("memory", Severity.BETTER_WITH, found, "others hold the rest; 4 GB should be free"));
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
                // Java takes all that is allowed it, the second number.
                .map(line -> line.split("\\s+")[4])
                .findFirst()
                .orElse("unknown");
        if (limit.matches("\\d+") && Long.parseLong(limit) < OPEN_FILES) {
            findings.add(
                    new Finding("open files", Severity.LACKS, limit, "allow %,d: ulimit -n".formatted(OPEN_FILES)));
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
                    "trainings are slower; echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"));
        } else {
            good("huge pages", "when asked for");
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
                                        "not there",
                                        "trainings are slower; install libjemalloc2, or on Debian run deploy/jemalloc/setup.sh, which unpacks it for you alone")));
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
                findings.add(
                        new Finding(what, Severity.LACKS, found, "make room for 2 GB, or name another with --data"));
                return;
            }
            if (executable(what, there)) {
                good(what, found);
            }
        } catch (IOException e) {
            findings.add(new Finding(what, Severity.LACKS, data + ": " + e, "name another with --data"));
        }
    }

    private void temporaryFiles(Path folder) {
        if (executable("temporary files", folder)) {
            good("temporary files", folder.toString());
        }
    }

    /// The database's programs and the engine's libraries are unpacked before they are run.
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
            findings.add(new Finding(what, Severity.LACKS, folder.toString(), "programs must be allowed to run there"));
        } catch (IOException e) {
            findings.add(new Finding(
                    what,
                    Severity.LACKS,
                    folder + ": " + e.getMessage(),
                    "it must be writable, and not mounted noexec"));
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
            // A few bytes, whose name says whose they are.
        }
    }

    private void ports(Addresses addresses) {
        if (addresses == null) {
            good("ports", "Peregrine runs already");
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
                    "taken: " + String.join(", ", taken),
                    "add --ports free, or end who listens"));
        }
    }

    private void tool(String what, String advice, String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = new String(process.getInputStream().readAllBytes()).strip();
            if (process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0) {
                good(what, said);
                return;
            }
        } catch (IOException notThere) {
            // As if it had refused.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        findings.add(new Finding(what, Severity.BETTER_WITH, "not there", advice));
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException none) {
            return Stream.empty();
        }
    }
}
