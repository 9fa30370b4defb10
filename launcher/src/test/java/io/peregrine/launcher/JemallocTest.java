package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JemallocTest {
    /// jemalloc prints its configuration on request, which shows that it was loaded.
    @Test
    void aProcessUsesJemalloc() throws IOException, InterruptedException {
        Optional<Path> library = Jemalloc.find();
        assumeTrue(
                library.isPresent(), "skipped: jemalloc is not installed; deploy/jemalloc/setup.sh unpacks Debian's");
        ProcessBuilder java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
                .redirectErrorStream(true);
        java.environment().remove("LD_PRELOAD");
        Jemalloc.use(java.environment(), library);
        java.environment().merge("MALLOC_CONF", ",confirm_conf:true", String::concat);
        Process process = java.start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).isZero();
        assertThat(output)
                .contains("Set conf value: oversize_threshold:0", "Set conf value: dirty_decay_ms:10000", "version")
                .doesNotContain("Invalid conf");
    }

    @Test
    void keepsAnExistingPreload() {
        Map<String, String> environment = new HashMap<>(Map.of("LD_PRELOAD", "libother.so"));
        Jemalloc.use(environment, Optional.of(Path.of("/usr/lib/libjemalloc.so.2")));
        assertThat(environment).containsExactly(Map.entry("LD_PRELOAD", "libother.so"));
    }

    @Test
    void withoutJemallocTheEnvironmentIsUnchanged() {
        Map<String, String> environment = new HashMap<>();
        Jemalloc.use(environment, Optional.empty());
        assertThat(environment).isEmpty();
    }
}
