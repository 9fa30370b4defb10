package io.peregrine.rest.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.PreventFurtherStepsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {
    @TempDir
    Path folder;

    private Path keys;

    private record Given(List<String> allowedHosts, boolean requireKey, Optional<Path> keysFile)
            implements HttpConfig {}

    @BeforeEach
    void write() throws IOException {
        keys = Files.writeString(folder.resolve("keys"), "ci run a-key-of-more-than-20-characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"})
    void onLoopbackNoKeyIsNeeded(String host) {
        Access access = access(host, false, Optional.empty(), false, false);
        assertThat(access.isLoopback()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "10.0.0.7", "no-such-host.invalid"})
    void aServiceBeyondLoopbackDoesNotStartWithoutKeys(String host) throws IOException {
        assertThatThrownBy(() -> access(host, false, Optional.empty(), false, false))
                .isInstanceOf(PreventFurtherStepsException.class)
                .hasMessageContaining(host)
                .hasMessageContaining("peregrine.http.keys-file");
        Path empty = Files.writeString(folder.resolve("empty"), "# none yet\n");
        assertThatThrownBy(() -> access(host, false, Optional.of(empty), false, false))
                .isInstanceOf(PreventFurtherStepsException.class);
        assertThat(access(host, false, Optional.of(keys), false, false).isLoopback())
                .isFalse();
        assertThat(access(host, false, Optional.empty(), true, false).acceptsTokens())
                .isTrue();
        // The process only migrates its tables, and opens no port.
        assertThat(access(host, false, Optional.empty(), false, true).keys().isEmpty())
                .isTrue();
    }

    @Test
    void aKeyThatIsRequiredMustBeKnown() {
        assertThatThrownBy(() -> access("127.0.0.1", true, Optional.empty(), false, false))
                .isInstanceOf(PreventFurtherStepsException.class)
                .hasMessageContaining("peregrine.http.require-key");
    }

    @Test
    void anUnreadableFileIsReported() throws IOException {
        assertThatThrownBy(() -> access("127.0.0.1", false, Optional.of(folder.resolve("none")), false, false))
                .isInstanceOf(PreventFurtherStepsException.class)
                .hasMessageContaining(folder.resolve("none").toString());
        Files.writeString(keys, "ci run too-short");
        assertThatThrownBy(() -> access("127.0.0.1", false, Optional.of(keys), false, false))
                .isInstanceOf(PreventFurtherStepsException.class)
                .hasMessageContaining("line 1 is not NAME ROLE KEY")
                .hasMessageNotContaining("too-short");
    }

    private static Access access(
            String host, boolean requireKey, Optional<Path> keys, boolean tokens, boolean migratesOnly) {
        return new Access(new Given(List.of("localhost"), requireKey, keys), host, tokens, migratesOnly);
    }
}
