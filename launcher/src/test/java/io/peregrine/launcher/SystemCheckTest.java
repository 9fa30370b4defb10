package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.launcher.LocalPeregrine.Addresses;
import io.peregrine.launcher.SystemCheck.Finding;
import io.peregrine.launcher.SystemCheck.Severity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemCheckTest {
    private static final Addresses ANY = new Addresses(0, 0, Map.of());

    @TempDir
    Path folder;

    private static Finding of(String what, List<Finding> findings) {
        return findings.stream()
                .filter(one -> one.what().equals(what))
                .findFirst()
                .orElseThrow();
    }

    /// The machine runs the tests, so it meets all requirements; and the check leaves no files behind.
    @Test
    void thisMachineMeetsAllRequirements() throws IOException {
        List<Finding> findings = SystemCheck.findings(folder.resolve("a/data"), ANY);
        assertThat(findings).hasSizeGreaterThan(7).noneMatch(one -> one.severity() == Severity.LACKS);
        assertThat(of("memory", findings).found()).containsPattern("[1-9][0-9.]* GB, ");
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void reportsWhatASmallMachineLacksAndWhatToDo() throws IOException {
        Path proc = Files.createDirectories(folder.resolve("proc/self")).getParent();
        Path sys = Files.createDirectories(folder.resolve("sys/kernel/mm/transparent_hugepage"));
        Files.writeString(proc.resolve("cpuinfo"), "flags\t\t: fpu sse2 avx\n");
        Files.writeString(proc.resolve("meminfo"), "MemTotal:   2000000 kB\nMemAvailable:  1000000 kB\n");
        Files.writeString(
                proc.resolve("self/limits"),
                "Max open files            256                  1024                 files\n");
        Files.writeString(sys.resolve("enabled"), "always madvise [never]\n");
        List<Finding> findings = SystemCheck.findings(proc, folder.resolve("sys"), folder, ANY);
        assertThat(of("processor", findings).severity()).isEqualTo(Severity.BETTER_WITH);
        assertThat(of("processor", findings).found()).endsWith("without AVX2");
        assertThat(of("memory", findings))
                .isEqualTo(new Finding("memory", Severity.LACKS, "2.0 GB, 1.0 available", "Peregrine needs 4 GB"));
        assertThat(of("open files", findings))
                .isEqualTo(new Finding("open files", Severity.LACKS, "1024", "raise the limit to 4,096: ulimit -n"));
        assertThat(of("huge pages", findings).advice()).contains("echo madvise");
    }

    @Test
    void reportsThePurposeOfAPortInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Addresses addresses = new Addresses(taken.getLocalPort(), 0, Map.of());
            assertThat(of("ports", SystemCheck.findings(folder, addresses)))
                    .isEqualTo(new Finding(
                            "ports",
                            Severity.LACKS,
                            "in use: %d (Kafka)".formatted(taken.getLocalPort()),
                            "add --ports free, or stop the programs that use them"));
        }
        assertThat(of("ports", SystemCheck.findings(folder, ANY)).severity()).isEqualTo(Severity.GOOD);
    }

    @Test
    void reportsADataFolderThatIsNotWritable() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Finding found = of("disk for data", SystemCheck.findings(file, ANY));
        assertThat(found.severity()).isEqualTo(Severity.LACKS);
        assertThat(found.found()).contains(file.toString());
    }
}
