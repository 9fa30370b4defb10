package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The files of a dataset that define its classes, instead of folders.
///
/// @param files in the order of the splits; empty if folders are the classes
/// @param folders of the images, by split
record LabelFiles(List<LabelFile> files, Map<Split, Path> folders) {
    private static final String CSV = ".csv";
    private static final String PARQUET = "metadata.parquet";
    private static final Set<String> TABLES = Set.of("csv", "tsv", "jsonl", "ndjson", "parquet", "arrow");
    private static final List<String> STEMS = List.of("metadata", "labels", "annotations", "_annotations", "_classes");

    /// @param name of a file
    /// @return whether it could list images, also in a format that is not read
    static boolean isTable(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        int dot = lower.lastIndexOf('.');
        return TABLES.contains(lower.substring(dot + 1))
                || STEMS.stream().anyMatch(stem -> lower.startsWith(stem + "."));
    }

    /// @param splits the split folders
    /// @return the files of the root, or those of the split folders
    static LabelFiles of(Path root, Map<Split, Path> splits, FolderWalk walk) {
        Map<Split, Path> folders = splits.isEmpty() ? Map.of(Split.TRAIN, root) : splits;
        Optional<LabelFile> ofAll = in(root, root, walk);
        List<LabelFile> ofSplits = new ArrayList<>();
        List<Path> without = new ArrayList<>();
        for (Path folder : splits.values()) {
            in(root, folder, walk).ifPresentOrElse(ofSplits::add, () -> without.add(folder));
        }
        if (ofSplits.isEmpty()) {
            return new LabelFiles(ofAll.stream().toList(), folders);
        }
        if (ofAll.isPresent()) {
            throw FailureException.input(
                    "METADATA_TWICE",
                    "%s and %s both list images; keep only that of the whole dataset, or only those of the splits"
                            .formatted(ofAll.get().name(), ofSplits.getFirst().name()));
        }
        if (!without.isEmpty()) {
            throw FailureException.input(
                    "METADATA_MISSING",
                    "%s lists images, but %s/ has no metadata file; add it, or write one metadata file for all splits next to them"
                            .formatted(ofSplits.getFirst().name(), root.relativize(without.getFirst())));
        }
        return new LabelFiles(ofSplits, folders);
    }

    /// @param folder the root, or a split folder in it
    /// @return the folder's label file, if it has one
    /// @throws FailureException INPUT if it has two, or one that cannot be read
    static Optional<LabelFile> in(Path root, Path folder, FolderWalk walk) {
        List<LabelFile> found = Stream.concat(
                        existing(folder, Metadata.NAMES).map(file -> new Metadata(root, file)),
                        existing(folder, List.of(LabelTable.ROBOFLOW))
                                .map(file -> LabelTable.roboflow(root, file, walk)))
                .toList();
        if (found.size() > 1) {
            throw FailureException.input(
                    "METADATA_TWICE",
                    "%s and %s are in the same folder; keep one of them"
                            .formatted(found.getFirst().name(), found.getLast().name()));
        }
        if (found.isEmpty() && existing(folder, List.of(PARQUET)).findAny().isPresent()) {
            throw FailureException.input(
                    "METADATA_PARQUET",
                    "%s is Parquet, which is not read; convert it in its folder: python3 -c \"import pandas; pandas.read_parquet('%s').to_csv('metadata.csv', index=False)\""
                            .formatted(root.relativize(folder.resolve(PARQUET)), PARQUET));
        }
        return found.stream().findFirst();
    }

    private static Stream<Path> existing(Path folder, List<String> names) {
        return names.stream().map(folder::resolve).filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS));
    }

    /// Kaggle's layout: `train.csv` next to a folder in which the images lie directly. A `validation.csv` or
    /// `test.csv` is used too if it has the same columns, so that its images have labels, and an own folder.
    ///
    /// @return empty if the dataset has another layout
    static Optional<LabelFiles> kaggle(Path root, FolderWalk walk) {
        Map<Split, Path> tables = tables(root, walk);
        Map<Split, LabelTable> files = new EnumMap<>(Split.class);
        Map<Split, Path> folders = new EnumMap<>(Split.class);
        tables.forEach((split, file) -> images(root, split, walk).ifPresent(images -> {
            files.put(split, LabelTable.kaggle(root, file, images, walk));
            folders.put(split, images);
        }));
        if (!files.containsKey(Split.TRAIN)) {
            return Optional.empty();
        }
        Set<String> columns = files.get(Split.TRAIN).columns(walk.roots());
        files.values().removeIf(file -> !file.columns(walk.roots()).equals(columns));
        folders.keySet().retainAll(files.keySet());
        return Optional.of(new LabelFiles(List.copyOf(files.values()), folders));
    }

    /// @return files such as `train.csv`, `trainLabels.csv` or `labels.csv` in the root; empty if it has a file
    ///     that is always used
    private static Map<Split, Path> tables(Path root, FolderWalk walk) {
        Map<String, Path> stems = new TreeMap<>();
        for (Path file : walk.filesIn(root)) {
            String name = file.getFileName().toString();
            if (Metadata.NAMES.contains(name) || name.equals(LabelTable.ROBOFLOW) || name.equals(PARQUET)) {
                return Map.of();
            }
            if (name.toLowerCase(Locale.ROOT).endsWith(CSV)) {
                stems.put(name.substring(0, name.length() - CSV.length()), file);
            }
        }
        Map<Split, Path> tables = new EnumMap<>(Split.class);
        stems.forEach((stem, file) -> SplitFolders.split(stem).ifPresent(split -> tables.putIfAbsent(split, file)));
        stems.forEach(
                (stem, file) -> SplitFolders.splitOfLabels(stem).ifPresent(split -> tables.putIfAbsent(split, file)));
        return tables;
    }

    /// The folder of a split's images: `train`, `train_images`, for training images also `images`, or the root of
    /// a dataset without folders. It has images and no folders, which could be classes.
    private static Optional<Path> images(Path root, Split split, FolderWalk walk) {
        List<Path> folders = walk.foldersIn(root);
        Stream<Path> own = folders.stream()
                .filter(folder -> SplitFolders.splitOfImages(
                                folder.getFileName().toString())
                        .filter(split::equals)
                        .isPresent());
        Stream<Path> common = split != Split.TRAIN
                ? Stream.empty()
                : Stream.concat(
                        folders.stream()
                                .filter(folder ->
                                        folder.getFileName().toString().equalsIgnoreCase("images")),
                        Stream.of(root));
        return Stream.concat(own, common)
                .filter(folder -> walk.foldersIn(folder).isEmpty())
                .filter(folder -> walk.filesIn(folder).stream()
                        .anyMatch(file -> ByFolder.isImage(file.getFileName().toString())))
                .findFirst();
    }
}
