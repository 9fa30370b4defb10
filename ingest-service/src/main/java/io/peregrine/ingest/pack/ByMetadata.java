package io.peregrine.ingest.pack;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.pack.DatasetFolder.Found;
import io.peregrine.ingest.pack.Metadata.Line;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Images that a metadata file lists, as in Hugging Face's imagefolder. Files that it does not list are ignored.
/// The classes are its labels, or the folders if it has no labels.
final class ByMetadata {
    private final Path root;
    private final Findings.Collector findings;
    private final Map<Path, Line> lines = new LinkedHashMap<>();
    private final List<Found> images = new ArrayList<>();
    private Line labelled;
    private Line unlabelled;

    /// @throws FailureException INPUT if a line is invalid
    ByMetadata(Path root, AllowedRoots roots, List<Metadata> metadata, Findings.Collector findings) {
        this.root = root;
        this.findings = findings;
        metadata.forEach(one -> one.lines(roots, this::add));
        if (labelled != null && unlabelled != null) {
            throw FailureException.input(
                    "METADATA_NO_LABEL",
                    "%s has no '%s', but other lines have; give every line a label, or none, so that the folders are the classes"
                            .formatted(unlabelled.where(), Metadata.LABEL));
        }
    }

    private void add(Line line) {
        Line first = lines.putIfAbsent(line.file(), line);
        if (first != null) {
            requireSameLabel(first, line);
            findings.add(Finding.named(
                    FindingKind.METADATA_LINE_TWICE, List.of(line.file().toString())));
        }
        if (line.label() == null) {
            unlabelled = line;
        } else {
            labelled = line;
        }
    }

    private static void requireSameLabel(Line first, Line again) {
        if (first.label() != null && again.label() != null && !first.label().equals(again.label())) {
            throw FailureException.input(
                    "METADATA_LABEL_CONFLICT",
                    "%s is '%s' in %s and '%s' in %s; an image has one class: remove one of the lines"
                            .formatted(again.file(), first.label(), first.where(), again.label(), again.where()));
        }
    }

    /// @param folder of the split
    /// @param file a file in this folder
    void add(Split split, Path folder, Path file) {
        Path below = root.relativize(file);
        Line line = lines.remove(below);
        if (line != null) {
            images.add(found(split, folder.relativize(file), line));
        } else if (ByFolder.isImage(file.getFileName().toString())) {
            findings.add(Finding.named(FindingKind.METADATA_FILE_NOT_NAMED, List.of(below.toString())));
        }
    }

    private static Found found(Split split, Path file, Line line) {
        String at = line.file().toString();
        if (line.label() != null) {
            return new Found(split, line.label(), file.toString(), at, line.more());
        }
        if (file.getNameCount() == 1) {
            throw FailureException.input(
                    "METADATA_NO_LABEL",
                    "%s has no '%s', and %s is not in a class folder; give every line the class of its image"
                            .formatted(line.where(), Metadata.LABEL, at));
        }
        String path = file.subpath(1, file.getNameCount()).toString();
        return new Found(split, file.getName(0).toString(), path, at, line.more());
    }

    /// @throws FailureException INPUT if no listed file exists, or a class has no training images
    List<Found> images() {
        lines.values()
                .forEach(line -> findings.add(Finding.named(
                        FindingKind.METADATA_FILE_MISSING, List.of(line.file().toString()))));
        if (images.isEmpty()) {
            throw FailureException.input(
                    "METADATA_EMPTY",
                    "the metadata of %s list %,d files, but none of them exists; '%s' must be a path relative to the folder of the metadata file"
                            .formatted(root, lines.size(), Metadata.FILE_NAME));
        }
        Set<String> labels = images.stream().map(Found::label).collect(Collectors.toCollection(TreeSet::new));
        images.stream().filter(found -> found.split() == Split.TRAIN).forEach(found -> labels.remove(found.label()));
        if (!labels.isEmpty()) {
            throw FailureException.input(
                    "EMPTY_CLASS",
                    "class '%s' of %s has no training image that is listed in the metadata and exists; add one or remove its lines"
                            .formatted(labels.iterator().next(), root));
        }
        return images;
    }
}
