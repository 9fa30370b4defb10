package io.peregrine.platform;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The project's root folder: a parent of the folder that contains this class, or of the working directory.
public final class ProjectRoot {
    private ProjectRoot() {}

    /// @throws IllegalStateException outside a checkout
    public static Path path() {
        try {
            Path built = Path.of(ProjectRoot.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path found = above(built);
            return found != null ? found : aboveOrFail(Path.of("").toAbsolutePath());
        } catch (URISyntaxException | IllegalArgumentException elsewhere) {
            return aboveOrFail(Path.of("").toAbsolutePath());
        }
    }

    private static Path above(Path from) {
        for (Path at = from; at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("libs/testkit")) && Files.isRegularFile(at.resolve("pom.xml"))) {
                return at;
            }
        }
        return null;
    }

    private static Path aboveOrFail(Path from) {
        Path found = above(from);
        if (found == null) {
            throw new IllegalStateException("found no checkout of Peregrine in or above " + from);
        }
        return found;
    }
}
