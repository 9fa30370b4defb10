package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.FailureException;
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

class AllowedRootsTest {
    private static final String RUN = "0123456789abcdef0123456789abcdef";

    @TempDir
    Path home;

    private Path images;
    private Path grants;
    private AllowedRoots roots;

    @BeforeEach
    void grant() throws IOException {
        images = Files.createDirectories(home.resolve("my images\nand more"));
        grants = Files.createDirectories(home.resolve("grants"));
        roots = new AllowedRoots(List.of(), Optional.of(grants));
        Files.writeString(grants.resolve(RUN), images.toUri().toString());
    }

    @Test
    void aGrantedFolderIsReadOnlyForItsRun() throws IOException {
        String uri = images.toUri().toString();
        assertThat(roots.of(RUN).resolve(uri)).isEqualTo(images.toRealPath());
        assertThatThrownBy(() -> roots.resolve(uri))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("--root");
        assertThatThrownBy(() -> roots.of("f".repeat(32)).resolve(uri)).isInstanceOf(FailureException.class);
        assertThatThrownBy(() -> roots.of(RUN).resolve(home.toUri().toString())).isInstanceOf(FailureException.class);
        roots.revoke(RUN);
        assertThat(grants).isEmptyDirectory();
        assertThatThrownBy(() -> roots.of(RUN).resolve(uri)).isInstanceOf(FailureException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\n", "file:///data\n\n", "/data\n", "file:///a b\n", "unknown:///data\n", "file://host/data\n"})
    void aGrantWithAnInvalidLineIsReported(String content) throws IOException {
        Files.writeString(grants.resolve(RUN), content);
        assertThatThrownBy(() -> roots.of(RUN))
                .hasMessageContaining(grants.resolve(RUN).toString())
                .isInstanceOfSatisfying(
                        FailureException.class,
                        failure -> assertThat(failure.code()).isEqualTo("GRANT_UNREADABLE"));
    }

    /// A run's id may come from an event. It must be the name of a file in this folder, or nothing is granted.
    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "../grants/" + RUN, "./" + RUN, RUN + "/", "0123456789ABCDEF0123456789ABCDEF", "\u0000"
            })
    void nothingIsGrantedToAnInvalidRunId(String run) {
        assertThatThrownBy(() -> roots.of(run).resolve(images.toUri().toString()))
                .isInstanceOf(FailureException.class);
    }

    @Test
    void aLinkInARootThatLeadsOutIsRefusedWithItsTarget() throws IOException {
        Path root = Files.createDirectories(home.resolve("root"));
        Path link = Files.createSymbolicLink(root.resolve("link"), images);
        assertThatThrownBy(() -> new AllowedRoots(List.of(root)).resolve("file://" + link))
                .isInstanceOf(FailureException.class)
                .hasMessageContainingAll(link.toString(), "a link to " + images.toRealPath(), root.toString());
    }

    @Test
    void thePathOfALinkOutsideTheRootsIsNotRevealed() throws IOException {
        Path root = Files.createDirectories(home.resolve("root"));
        Path link = Files.createSymbolicLink(home.resolve("link"), images);
        assertThatThrownBy(() -> new AllowedRoots(List.of(root)).resolve("file://" + link))
                .isInstanceOf(FailureException.class)
                .message()
                .doesNotContain(images.toString());
    }
}
