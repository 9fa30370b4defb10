package io.peregrine.testkit;

import io.peregrine.platform.ProjectRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// Real images for tests. They are not part of the checkout: the environment variable `PEREGRINE_IMAGES` contains
/// their folder; the default is `../shared/images` next to the checkout. A test that needs a missing image is
/// skipped with a message.
public final class SharedImages {
    private SharedImages() {}

    /// @param name such as `wikiart6` or `decode-zoo`
    /// @return the folder or file, which exists; otherwise the test is skipped
    public static Path at(String name) {
        String named = System.getenv("PEREGRINE_IMAGES");
        Path folder = named == null || named.isBlank()
                ? ProjectRoot.path().resolve("../shared/images").normalize()
                : Path.of(named);
        Path found = folder.resolve(name);
        Assumptions.assumeTrue(
                Files.exists(found),
                () -> "skipped: " + found + " does not exist; set PEREGRINE_IMAGES to the folder of images");
        return found;
    }
}
