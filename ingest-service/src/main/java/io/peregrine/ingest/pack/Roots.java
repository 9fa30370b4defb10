package io.peregrine.ingest.pack;

import io.peregrine.events.Failure;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The folders below which datasets may lie. Whatever is opened is resolved first: a link that leads elsewhere is not
/// followed.
public final class Roots {
    private final List<Path> configured;

    /// @param configured folders; one that does not exist yet holds no dataset
    public Roots(List<Path> configured) {
        this.configured = configured.stream()
                .map(path -> path.toAbsolutePath().normalize())
                .toList();
    }

    /// @param uri such as `file:///data/wikiart`
    /// @return the dataset's folder, all links resolved
    /// @throws Failure INPUT `OUTSIDE_ROOTS`, `FOLDER_MISSING`, `NOT_A_FOLDER` or `BAD_URI`
    public Path resolve(String uri) {
        Path folder = path(uri);
        Path real;
        try {
            real = folder.toRealPath();
        } catch (IOException e) {
            // Whether a folder exists elsewhere is not for a stranger to learn.
            if (!lieBelow(folder.normalize())) {
                throw outside(uri);
            }
            throw Failure.input(
                    "FOLDER_MISSING",
                    "there is no folder %s that this service can read; publish the path as the ingest service sees it"
                            .formatted(folder));
        }
        if (!lieBelow(real)) {
            throw outside(uri);
        }
        if (!Files.isDirectory(real)) {
            throw Failure.input(
                    "NOT_A_FOLDER", "%s is a file; publish the folder that holds the class folders".formatted(folder));
        }
        return real;
    }

    /// @param real a path without links
    /// @return whether it is one of the roots or lies below one
    boolean lieBelow(Path real) {
        return configured.stream()
                .flatMap(root -> Stream.of(root, resolved(root)))
                .anyMatch(real::startsWith);
    }

    private static Path resolved(Path root) {
        try {
            return root.toRealPath();
        } catch (IOException notThere) {
            return root;
        }
    }

    private static Path path(String uri) {
        try {
            return Path.of(URI.create(uri)).toAbsolutePath();
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw Failure.input(
                    "BAD_URI",
                    "'%s' is no folder's address (%s); write file:///path/to/folder, blanks as %%20"
                            .formatted(uri, e.getMessage()));
        }
    }

    private Failure outside(String uri) {
        return Failure.input(
                "OUTSIDE_ROOTS",
                "'%s' does not lie below a root of this service (%s); move the folder or add its root to PEREGRINE_ROOTS"
                        .formatted(uri, configured.stream().map(Path::toString).collect(Collectors.joining(", "))));
    }
}
