package io.peregrine.testkit;

import java.nio.file.Files;
import java.nio.file.Path;

/// The project's top folder, found upwards from wherever a test runs.
public final class ProjectRoot {
    private ProjectRoot() {}

    /// @throws IllegalStateException outside a checkout
    public static Path path() {
        Path folder = Path.of("").toAbsolutePath();
        for (Path at = folder; at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("libs/testkit")) && Files.isRegularFile(at.resolve("pom.xml"))) {
                return at;
            }
        }
        throw new IllegalStateException("no checkout of Peregrine above " + folder);
    }
}
