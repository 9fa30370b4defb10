package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.dataset.DatasetFolder.Found;
import io.peregrine.ingest.dataset.LabelFile.Line;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Images that label files list. Files that they do not list are skipped. The classes are their labels, or the
/// folders if they have no labels.
final class ByMetadata {
    private static final int LINES_BETWEEN_CHECKS = 4_096;

    private final Path root;
    private final Findings.Collector findings;
    private final SkippedFiles skipped;
    private final Runnable between;
    private final LabelFile firstFile;
    private final Set<String> used;
    private final Map<Path, Line> lines = new LinkedHashMap<>();
    private final List<Found> images = new ArrayList<>();
    private Line labelled;
    private Line unlabelled;
    private long unlabelledLines;
    private long linesRead;

    /// @param files at least one
    /// @param between called every 4,096 lines; an exception from it ends the reading
    /// @throws FailureException INPUT if a line is invalid
    ByMetadata(
            Path root,
            AllowedRoots roots,
            List<LabelFile> files,
            Findings.Collector findings,
            SkippedFiles skipped,
            Runnable between) {
        this.root = root;
        this.findings = findings;
        this.skipped = skipped;
        this.between = between;
        this.firstFile = files.getFirst();
        this.used = files.stream().map(LabelFile::name).collect(Collectors.toSet());
        files.forEach(one -> one.lines(roots, this::add));
        if (labelled != null && unlabelled != null) {
            throw FailureException.input(
                    "METADATA_NO_LABEL",
                    "%s has no '%s', but other lines have; give every line a label, or none, so that the folders are the classes%s"
                            .formatted(unlabelled.where(), Metadata.LABEL, suggestion()));
        }
    }

    private void add(Line line) {
        if (++linesRead % LINES_BETWEEN_CHECKS == 0) {
            between.run();
        }
        Line first = lines.putIfAbsent(line.file(), line);
        if (first != null) {
            requireSameLabel(first, line);
            findings.add(Finding.named(
                    FindingKind.METADATA_LINE_TWICE, List.of(line.file().toString())));
        }
        if (line.label() == null) {
            unlabelled = unlabelled == null ? line : unlabelled;
            unlabelledLines++;
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

    /// @return columns of the first line without a label
    private List<String> columns() {
        List<String> names = new ArrayList<>();
        if (unlabelled != null && unlabelled.more() != null) {
            unlabelled.more().fieldNames().forEachRemaining(names::add);
        }
        return names;
    }

    private String suggestion() {
        return ColumnNames.LABEL.suggestion(columns());
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
        } else if (!isUsed(file)) {
            skipped.other(file);
        }
    }

    /// @return whether the file is one of the label files
    boolean isUsed(Path file) {
        return used.contains(root.relativize(file).toString());
    }

    private Found found(Split split, Path file, Line line) {
        String at = line.file().toString();
        if (line.label() != null) {
            return new Found(split, line.label(), file.toString(), at, line.more());
        }
        if (file.getNameCount() == 1) {
            throw FailureException.input(
                    "METADATA_NO_LABEL",
                    "%s has no '%s', and %s is not in a class folder; give every line the class of its image%s"
                            .formatted(line.where(), Metadata.LABEL, at, suggestion()));
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
                    "the metadata of %s list %,d files, but none of them exists%s; %s"
                            .formatted(root, lines.size(), firstMissing(), firstFile.fileNameRule()));
        }
        Set<String> labels = images.stream().map(Found::label).collect(Collectors.toCollection(TreeSet::new));
        reportSimilarColumn(labels);
        images.stream().filter(found -> found.split() == Split.TRAIN).forEach(found -> labels.remove(found.label()));
        if (!labels.isEmpty()) {
            throw FailureException.input(
                    "EMPTY_CLASS",
                    "class '%s' of %s has no training image that is listed in the metadata and exists; add one or remove its lines"
                            .formatted(labels.iterator().next(), root));
        }
        return images;
    }

    private String firstMissing() {
        return lines.values().stream()
                .findFirst()
                .map(line -> " (the first is %s)"
                        .formatted(LabelFile.shown(line.file().toString())))
                .orElse("");
    }

    /// Without labels the folders are the classes. If a column of a similar name exists, this was probably not
    /// meant.
    ///
    /// @throws FailureException INPUT if there is only one folder
    private void reportSimilarColumn(Set<String> folders) {
        String similar = ColumnNames.LABEL.nearest(columns()).orElse(null);
        if (labelled != null || similar == null) {
            return;
        }
        String detail = "%s has no column '%s'; the folders (%s) were taken for classes; did you mean '%s'?"
                .formatted(unlabelled.where(), Metadata.LABEL, LabelFile.shown(String.join(", ", folders)), similar);
        String remedy = "rename the column to '%s', or to another name if the folders are the classes"
                .formatted(Metadata.LABEL);
        if (folders.size() == 1) {
            throw FailureException.input("METADATA_NO_LABEL", detail + " " + remedy);
        }
        findings.add(Finding.detailed(
                FindingKind.METADATA_SIMILAR_COLUMN, List.of(similar), unlabelledLines, detail, remedy));
    }
}
