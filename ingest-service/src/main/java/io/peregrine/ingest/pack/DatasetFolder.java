package io.peregrine.ingest.pack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The contents of a dataset folder: `root/<split?>/<class>/**/image` ([ByFolder]), or the files that a metadata
/// file in the root or in each split folder lists ([ByMetadata]). Hidden files are skipped ([FolderWalk]).
///
/// @param given the splits that exist as folders; empty if the class folders are directly in the root
/// @param images in no particular order; without split folders all belong to `train` until [Splits] assigns them
/// @param findings about folders and file names
record DatasetFolder(Set<Split> given, List<Found> images, Findings findings) {
    /// A file that should be an image. Its content was not checked yet.
    ///
    /// @param path in the class folder, with `/`; for an image that a metadata file labels, in the split folder
    /// @param file below the dataset's folder
    /// @param metadata the other columns of its line in the metadata file, or null
    record Found(Split split, String label, String path, String file, ObjectNode metadata) {}

    private static final Map<String, Split> SPLITS =
            Map.of("train", Split.TRAIN, "test", Split.TEST, "val", Split.VALIDATION, "validation", Split.VALIDATION);

    /// @param root resolved by [AllowedRoots#resolve]
    /// @throws FailureException INPUT if there is no class, a class has no training images, a folder is a link
    ///     out of the roots, or metadata cannot be read
    static DatasetFolder read(Path root, AllowedRoots roots) {
        FolderWalk walk = new FolderWalk(root, roots);
        Map<Split, Path> splits = splits(root, walk);
        Map<Split, Path> folders = splits.isEmpty() ? Map.of(Split.TRAIN, root) : splits;
        List<Metadata> metadata = metadata(root, splits);
        Findings.Collector findings = new Findings.Collector();
        List<Found> images;
        if (metadata.isEmpty()) {
            ByFolder found = new ByFolder(root, walk);
            folders.forEach(found::add);
            images = found.images();
        } else {
            ByMetadata found = new ByMetadata(root, roots, metadata, findings);
            folders.forEach((split, folder) -> walk.files(folder, file -> found.add(split, folder, file)));
            images = found.images();
        }
        findings.addAll(walk.skipped());
        return new DatasetFolder(Set.copyOf(splits.keySet()), images, findings.all());
    }

    /// The metadata file of the root, or those of the split folders.
    private static List<Metadata> metadata(Path root, Map<Split, Path> splits) {
        Optional<Metadata> ofAll = Metadata.in(root, root);
        List<Metadata> ofSplits = new ArrayList<>();
        List<Path> without = new ArrayList<>();
        for (Path folder : splits.values()) {
            Metadata.in(root, folder).ifPresentOrElse(ofSplits::add, () -> without.add(folder));
        }
        if (ofSplits.isEmpty()) {
            return ofAll.map(List::of).orElse(List.of());
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
        return ofSplits;
    }

    /// The split folders. A class may have the name `train` (next to `bus` and `car`). Folders therefore count as
    /// splits only if all folders have names of splits, or at least two have.
    private static Map<Split, Path> splits(Path root, FolderWalk walk) {
        Map<Split, Path> splits = new EnumMap<>(Split.class);
        List<String> others = new ArrayList<>();
        for (Path folder : walk.foldersIn(root)) {
            String name = folder.getFileName().toString();
            Split split = SPLITS.get(name.toLowerCase(Locale.ROOT));
            if (split == null) {
                others.add(name);
            } else if (splits.put(split, folder) != null) {
                throw FailureException.input(
                        "SPLIT_TWICE",
                        "%s has two folders for %s (%s is one); put their classes into one"
                                .formatted(root, split.jsonName(), name));
            }
        }
        if (splits.isEmpty() || (!others.isEmpty() && splits.size() == 1)) {
            return Map.of();
        }
        if (!others.isEmpty()) {
            throw FailureException.input(
                    "MIXED_LAYOUT",
                    "%s contains splits and '%s', which is not a split; move it away or into a split"
                            .formatted(root, others.getFirst()));
        }
        if (!splits.containsKey(Split.TRAIN)) {
            throw FailureException.input(
                    "NO_TRAIN", "%s has split folders but no train/; add the folder train/".formatted(root));
        }
        Path train = splits.get(Split.TRAIN);
        boolean isClass = splits.size() == 1
                && walk.foldersIn(train).isEmpty()
                && Metadata.in(root, train).isEmpty();
        return isClass ? Map.of() : splits;
    }
}
