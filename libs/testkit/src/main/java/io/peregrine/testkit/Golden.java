package io.peregrine.testkit;

import io.peregrine.local.ProjectRoot;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where the golden vectors lie: what the reference libraries computed.
///
/// `PEREGRINE_GOLDEN` names the folder; without it, the copy that `libs/testkit` keeps.
public final class Golden {
    private Golden() {}

    /// @return the folder, which has a `manifest.json`
    /// @throws IllegalStateException naming the folder that has none
    public static Path folder() {
        String named = System.getenv("PEREGRINE_GOLDEN");
        Path folder =
                named == null || named.isBlank() ? kept("") : ProjectRoot.path().resolve(named);
        if (!Files.isRegularFile(folder.resolve("manifest.json"))) {
            throw new IllegalStateException(folder + " holds no golden vectors (no manifest.json); "
                    + "PEREGRINE_GOLDEN names a folder of the shape that libs/testkit/golden has");
        }
        return folder;
    }

    /// @return one file of the copy that `libs/testkit` keeps, whatever `PEREGRINE_GOLDEN` names
    public static Path kept(String name) {
        return ProjectRoot.path().resolve("libs/testkit/golden").resolve(name);
    }

    /// @return one file of the folder
    public static Path file(String name) {
        return folder().resolve(name);
    }
}
