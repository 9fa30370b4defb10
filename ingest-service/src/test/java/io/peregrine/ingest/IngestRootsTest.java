package io.peregrine.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IngestRootsTest {
    @Test
    void aListMayContainSeparatorsInNames() {
        assertThat(IngestRoots.read("[\"/data\", \"/co:lon\", \"/a,b\", \"/\\u0024{home}\"]"))
                .containsExactly(Path.of("/data"), Path.of("/co:lon"), Path.of("/a,b"), Path.of("/${home}"));
    }

    @Test
    void oneFolderNeedsNoList() {
        assertThat(IngestRoots.read("/co:lon/a,b")).containsExactly(Path.of("/co:lon/a,b"));
    }

    @Test
    void anEmptyListHasNoRoots() {
        assertThat(IngestRoots.read("[]")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"data", "[\"data\"]", "[null]", "null", "{}", "[\"/data\"", "[\"/a\\u0000b\"]"})
    void anythingElseIsRefused(String value) {
        assertThatThrownBy(() -> IngestRoots.read(value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(value, "PEREGRINE_ROOTS", "JSON list");
    }
}
