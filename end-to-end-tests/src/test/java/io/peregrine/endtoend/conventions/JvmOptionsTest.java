package io.peregrine.endtoend.conventions;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The flags of JVMs are written in `deploy/jvm` and nowhere else, so that no process lacks one.
class JvmOptionsTest {
    private static final Path OPTIONS = ProjectRoot.path().resolve("deploy/jvm");

    /// What starts processes: programs, scripts, images and manifests.
    private static final Pattern STARTS = Pattern.compile(".*(\\.(java|py|sh|xml|ya?ml)|/Dockerfile|/peregrine)");

    private static final Pattern SKIPPED =
            Pattern.compile("(^|/)(target|\\.git|\\.mvn|\\.venv[^/]*|jvm|schemas)(/|$)|JvmOptionsTest");

    /// Processes that are not Peregrine's code, and settings of the library instead of the process.
    private static final Set<String> OTHERS = Set.of(
            "deploy/compose/compose.yaml: KAFKA_HEAP_OPTS: -Xmx512m -Xms512m -XX:+ExitOnOutOfMemoryError",
            "deploy/kubernetes/base/kafka.yaml: jvmOptions: {\"-Xms\": 512m, \"-Xmx\": 512m, \"-XX\": {ExitOnOutOfMemoryError: \"true\"}}",
            "pom.xml: <arg>jdk.incubator.vector</arg>");

    @Test
    void noOtherFileHasAListOfItsOwn() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(ProjectRoot.path())) {
            for (Path file : files.filter(JvmOptionsTest::starts).toList()) {
                List<String> lines = Files.readAllLines(file);
                for (String line : lines) {
                    String code = line.strip();
                    if (!code.matches("(//|#|<!--|import ).*") && named(code)) {
                        found.add("%s: %s".formatted(ProjectRoot.path().relativize(file), code));
                    }
                }
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(OTHERS);
    }

    private static boolean starts(Path file) {
        String name = ProjectRoot.path().relativize(file).toString();
        return STARTS.matcher("/" + name).matches() && !SKIPPED.matcher(name).find() && Files.isRegularFile(file);
    }

    /// @return whether the line has the name of one of the flags; code that only asks for a property has not
    private static boolean named(String code) {
        return Stream.of(
                                "UseSerialGC",
                                "ExitOnOutOfMemoryError",
                                "enable-native-access",
                                "sun-misc-unsafe-memory-access",
                                "jdk.incubator.vector",
                                "-Djava.awt.headless",
                                "slf4j.internal.verbosity",
                                "-Dai.djl.pytorch.num_interop_threads",
                                "-DOPT_OUT_TRACKING")
                        .anyMatch(code::contains)
                && !code.contains("findModule(");
    }

    @Test
    void everyFlagIsExplained() throws IOException {
        String page = Files.readString(ProjectRoot.path().resolve("docs/architecture.md"));
        for (String file : List.of("jvm.options", "service.options")) {
            List<String> flags = Files.readAllLines(OPTIONS.resolve(file)).stream()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
            assertThat(flags).isNotEmpty().allSatisfy(flag -> assertThat(page).contains("| `" + flag + "` |"));
        }
    }
}
