package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.platform.RefusedException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DataFolderTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"/tmp/dätä, 2:3", "/tmp/%41", "/tmp/it's", "/tmp/~x", "/tmp/trailing ", "/tmp/a#b=c", "/tmp/日本語"
            })
    void otherNamesAreKept(String path) {
        assertThat(DataFolder.checked(Path.of(path))).hasToString(path);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /tmp/a"b  | the character "
            /tmp/a$b  | the character $
            /tmp/a`b  | the character `
            /tmp/a\\b | the character \\
            """)
    void charactersThatAShellReplacesAreRefused(String path, String named) {
        assertThatThrownBy(() -> DataFolder.checked(Path.of(path)))
                .isInstanceOf(RefusedException.class)
                .hasMessageContainingAll("'" + path + "'", named, "--data");
    }

    @Test
    void aLineBreakIsRefusedInOneLine() {
        assertThatThrownBy(() -> DataFolder.checked(Path.of("/tmp/a\nb")))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("U+000A")
                .message()
                .isNotNull()
                .doesNotContain("\n");
    }

    @Test
    void aRelativeFolderBecomesAbsolute() {
        assertThat(DataFolder.checked(Path.of("x/../data")))
                .isEqualTo(Path.of("data").toAbsolutePath());
    }
}
