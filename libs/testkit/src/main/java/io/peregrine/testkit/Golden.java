package io.peregrine.testkit;

import io.peregrine.platform.ProjectRoot;
import java.nio.file.Files;
import java.nio.file.Path;

/// Finds the golden vectors, which are results of the reference libraries.
///
/// The environment variable `PEREGRINE_GOLDEN` contains the folder; the default is the copy in `libs/testkit`.
public final class Golden {
    private Golden() {}

    /// @return the folder, which contains a `manifest.json`
    /// @throws IllegalStateException if the folder contains none
    public static Path folder() {
        String named = System.getenv("PEREGRINE_GOLDEN");
        Path folder =
                named == null || named.isBlank() ? kept("") : ProjectRoot.path().resolve(named);
        if (!Files.isRegularFile(folder.resolve("manifest.json"))) {
            throw new IllegalStateException(folder + " contains no golden vectors (no manifest.json); "
                    + "set PEREGRINE_GOLDEN to a folder with the same files as libs/testkit/golden");
        }
        return folder;
    }

    /// @return one file of the copy in `libs/testkit`, regardless of `PEREGRINE_GOLDEN`
    public static Path kept(String name) {
        return ProjectRoot.path().resolve("libs/testkit/golden").resolve(name);
    }

    /// @return one file of the folder
    public static Path file(String name) {
        return folder().resolve(name);
    }
}
