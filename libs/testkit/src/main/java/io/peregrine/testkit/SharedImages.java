package io.peregrine.testkit;

import io.peregrine.local.ProjectRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// Real images for tests. They are not part of the checkout: `PEREGRINE_IMAGES` names their folder,
/// `../shared/images` beside the checkout otherwise. A test that asks for a missing one is skipped with a
/// message.
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
                Files.exists(found), () -> "skipped: no " + found + "; PEREGRINE_IMAGES names the folder of images");
        return found;
    }
}
