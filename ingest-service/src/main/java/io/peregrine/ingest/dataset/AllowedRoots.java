package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The folders below which datasets and weights may be read. Every path is resolved before it is opened. A link
/// that leads outside these folders is not followed.
public final class AllowedRoots {
    private static final Pattern RUN = Pattern.compile("[0-9a-f]{32}");

    private final List<Path> configured;
    private final Optional<Path> grants;

    /// @param configured folders; one that does not exist yet contains no dataset
    public AllowedRoots(List<Path> configured) {
        this(configured, Optional.empty());
    }

    /// @param configured folders; one that does not exist yet contains no dataset
    /// @param grants folder of grant files. The name of each file is the id of a run. Each line is the address
    ///     (`file:///…`) of a folder that only this run may read in addition. Write access to this folder decides
    ///     what is read; events do not.
    public AllowedRoots(List<Path> configured, Optional<Path> grants) {
        this.configured = configured.stream()
                .map(path -> path.toAbsolutePath().normalize())
                .toList();
        this.grants = grants;
    }

    /// @return these folders and those that were granted to a run
    /// @throws FailureException RESOURCE `GRANT_UNREADABLE`
    public AllowedRoots of(String run) {
        Optional<Path> grant = grants.filter(folder -> RUN.matcher(run).matches())
                .map(folder -> folder.resolve(run))
                .filter(Files::isRegularFile);
        if (grant.isEmpty()) {
            return this;
        }
        try {
            return with(Files.readAllLines(grant.get()).stream()
                    .map(line -> Path.of(URI.create(line)))
                    .toList());
        } catch (IOException e) {
            throw FailureException.resource(
                    "GRANT_UNREADABLE", "the file %s cannot be read; make it readable".formatted(grant.get()), e);
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            // The command may still be writing it, so the job is retried.
            throw FailureException.resource(
                    "GRANT_UNREADABLE",
                    "the file %s has a line that is not the address of a folder (%s); write file:///path/to/folder in each line"
                            .formatted(grant.get(), e.getMessage()),
                    e);
        }
    }

    /// Deletes the grant of a run.
    public void revoke(String run) {
        grants.filter(folder -> RUN.matcher(run).matches())
                .map(folder -> folder.resolve(run))
                .ifPresent(grant -> {
                    try {
                        Files.deleteIfExists(grant);
                    } catch (IOException notDeleted) {
                        // The remaining file grants nothing: nothing is read for a deleted run.
                    }
                });
    }

    /// @param more folders that were already checked
    public AllowedRoots with(List<Path> more) {
        return new AllowedRoots(
                Stream.concat(configured.stream(), more.stream()).toList(), grants);
    }

    /// @param uri such as `file:///data/wikiart`
    /// @return the dataset's folder, all links resolved
    /// @throws FailureException INPUT `OUTSIDE_ROOTS`, `FOLDER_MISSING`, `NOT_A_FOLDER` or `BAD_URI`
    public Path resolve(String uri) {
        Path folder = real(uri, "folder");
        if (!Files.isDirectory(folder)) {
            throw FailureException.input(
                    "NOT_A_FOLDER", "%s is a file; publish the folder that holds the class folders".formatted(folder));
        }
        return folder;
    }

    /// @param uri such as `file:///data/weights.safetensors`
    /// @return the plain file, all links resolved
    /// @throws FailureException INPUT `OUTSIDE_ROOTS`, `FILE_MISSING`, `NOT_A_FILE` or `BAD_URI`
    public Path file(String uri) {
        Path file = real(uri, "file");
        if (!Files.isRegularFile(file)) {
            throw FailureException.input(
                    "NOT_A_FILE", "%s is a folder, pipe, socket or device; it was not opened".formatted(file));
        }
        if (!Files.isReadable(file)) {
            throw missing(file, "file");
        }
        return file;
    }

    /// @param what "folder" or "file", for messages
    private Path real(String uri, String what) {
        Path path = path(uri, what);
        Path real;
        try {
            real = path.toRealPath();
        } catch (IOException e) {
            // The message must not reveal whether a path outside the roots exists.
            if (!contains(path.normalize())) {
                throw outside(uri, what, "");
            }
            throw missing(path, what);
        }
        if (!contains(real)) {
            // For the same reason only a link inside the roots is followed in the message.
            throw outside(uri, what, contains(path.normalize()) ? ", a link to %s,".formatted(real) : "");
        }
        return real;
    }

    private static FailureException missing(Path path, String what) {
        return FailureException.input(
                what.toUpperCase(Locale.ROOT) + "_MISSING",
                "the %s %s does not exist or is not readable for this service; publish the path as the ingest service sees it"
                        .formatted(what, path));
    }

    /// @param real a path without links
    /// @return whether it is one of the roots or below one
    boolean contains(Path real) {
        return configured.stream()
                .flatMap(root -> Stream.of(root, resolved(root)))
                .anyMatch(real::startsWith);
    }

    private static Path resolved(Path root) {
        try {
            return root.toRealPath();
        } catch (IOException missing) {
            return root;
        }
    }

    private static Path path(String uri, String what) {
        try {
            return Path.of(URI.create(uri)).toAbsolutePath();
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw FailureException.input(
                    "BAD_URI",
                    "'%s' is not a valid address of a %s (%s); write file:///path/to/%2$s, spaces as %%20"
                            .formatted(uri, what, e.getMessage()));
        }
    }

    /// @param link where the path leads, as part of the message; empty if it is not a link in a root
    private FailureException outside(String uri, String what, String link) {
        String roots = configured.isEmpty()
                ? "there are none"
                : configured.stream().map(Path::toString).collect(Collectors.joining(", "));
        return FailureException.input(
                "OUTSIDE_ROOTS",
                "'%s'%s is not below a root of this service (%s); move the %s, add its root with ./peregrine up --root DIR (PEREGRINE_ROOTS), or publish it with ./peregrine"
                        .formatted(uri, link, roots, what));
    }
}
