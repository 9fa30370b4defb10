package io.peregrine.endtoend.monitoring;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.launcher.LocalPrometheus;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Reads the files of `deploy/prometheus` and `deploy/grafana` for tests.
final class Observed {
    static final Path PROMETHEUS = ProjectRoot.path().resolve("deploy/prometheus");
    static final Path GRAFANA = ProjectRoot.path().resolve("deploy/grafana");

    private Observed() {}

    /// @return the dashboards by file name without `.json`
    static Map<String, JsonNode> dashboards() {
        Map<String, JsonNode> dashboards = new TreeMap<>();
        for (Path file : files(GRAFANA.resolve("dashboards"), ".json")) {
            try {
                dashboards.put(
                        file.getFileName().toString().replace(".json", ""), new ObjectMapper().readTree(file.toFile()));
            } catch (IOException e) {
                throw new UncheckedIOException(file.toString(), e);
            }
        }
        return dashboards;
    }

    /// Finds a program of Prometheus. Without it the test is skipped with a message, but not in CI, whose script
    /// unpacks it.
    static Path program(String name) {
        Optional<Path> program = LocalPrometheus.find(name);
        if (System.getenv("CI") == null) {
            assumeTrue(
                    program.isPresent(),
                    () -> "skipped: no " + name + " on the PATH; deploy/prometheus/setup.sh unpacks Debian's");
        }
        return program.orElseThrow(
                () -> new AssertionError(name + " is missing: deploy/prometheus/setup.sh did not unpack it"));
    }

    /// @return the sorted files below a folder whose names have this ending
    static List<Path> files(Path folder, String end) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(end))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
