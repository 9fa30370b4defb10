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

/// Images that a metadata file names, as Hugging Face's imagefolder has it: no others. Its labels are the
/// classes; where it has none, the folders are.
final class ByMetadata {
    private final Path root;
    private final Findings.Collector findings;
    private final Map<Path, Line> lines = new LinkedHashMap<>();
    private final List<Found> images = new ArrayList<>();
    private Line labelled;
    private Line unlabelled;

    /// @throws Failure INPUT, if a line is not what it should be
    ByMetadata(Path root, AllowedRoots roots, List<Metadata> metadata, Findings.Collector findings) {
        this.root = root;
        this.findings = findings;
        metadata.forEach(one -> one.lines(roots, this::add));
        if (labelled != null && unlabelled != null) {
            throw FailureException.input(
                    "METADATA_NO_LABEL",
                    "%s has no '%s', others have; give every line one, or none: then the folders are the classes"
                            .formatted(unlabelled.where(), Metadata.LABEL));
        }
    }

    private void add(Line line) {
        Line first = lines.putIfAbsent(line.file(), line);
        if (first != null) {
            mustSayTheSame(first, line);
            findings.add(Finding.named(
                    FindingKind.METADATA_LINE_TWICE, List.of(line.file().toString())));
        }
        if (line.label() == null) {
            unlabelled = line;
        } else {
            labelled = line;
        }
    }

    private static void mustSayTheSame(Line first, Line again) {
        if (first.label() != null && again.label() != null && !first.label().equals(again.label())) {
            throw FailureException.input(
                    "METADATA_LABEL_CONFLICT",
                    "%s is '%s' by %s and '%s' by %s; an image has one class: remove one of the lines"
                            .formatted(again.file(), first.label(), first.where(), again.label(), again.where()));
        }
    }

    /// @param folder of the split
    /// @param file that lies in it
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
                    "%s has no '%s', and %s lies in no class's folder; give every line the class of its image"
                            .formatted(line.where(), Metadata.LABEL, at));
        }
        String path = file.subpath(1, file.getNameCount()).toString();
        return new Found(split, file.getName(0).toString(), path, at, line.more());
    }

    /// @throws Failure INPUT, if there is none, or a class has none to train with
    List<Found> images() {
        lines.values()
                .forEach(line -> findings.add(Finding.named(
                        FindingKind.METADATA_FILE_MISSING, List.of(line.file().toString()))));
        if (images.isEmpty()) {
            throw FailureException.input(
                    "METADATA_EMPTY",
                    "the metadata of %s name %,d files, of which none is there; '%s' is a path from the metadata's own folder"
                            .formatted(root, lines.size(), Metadata.FILE_NAME));
        }
        Set<String> labels = images.stream().map(Found::label).collect(Collectors.toCollection(TreeSet::new));
        images.stream().filter(found -> found.split() == Split.TRAIN).forEach(found -> labels.remove(found.label()));
        if (!labels.isEmpty()) {
            throw FailureException.input(
                    "EMPTY_CLASS",
                    "class '%s' of %s has no image to train with that the metadata name and that is there; add one or remove its lines"
                            .formatted(labels.iterator().next(), root));
        }
        return images;
    }
}
