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

/// What lies in a dataset's folder: `root/<split?>/<class>/**/image` ([ByFolder]), or whatever a metadata file in
/// the root or in each split's folder names ([ByMetadata]). Hidden files are passed by ([FolderWalk]).
///
/// @param given the splits that the folder has by itself; empty: its classes lie directly in it
/// @param images in no particular order; unless the folder has its own splits, all belong to `train` for now
/// @param findings of the folders and names
record DatasetFolder(Set<Split> given, List<Found> images, Findings findings) {
    /// A file that shall be an image. It may still be anything.
    ///
    /// @param path in the class folder, with `/`; of an image that a metadata file labels: in the split's folder
    /// @param file below the dataset's folder
    /// @param metadata what a metadata file says of it beside its class, or null
    record Found(Split split, String label, String path, String file, ObjectNode metadata) {}

    private static final Map<String, Split> SPLITS =
            Map.of("train", Split.TRAIN, "test", Split.TEST, "val", Split.VALIDATION, "validation", Split.VALIDATION);

    /// @param root resolved by [AllowedRoots#resolve]
    /// @throws Failure INPUT, if there is no class, a class without images for training, a folder that is a
    ///     link out of the roots, or metadata that cannot be read
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
        findings.addAll(walk.passedBy());
        return new DatasetFolder(Set.copyOf(splits.keySet()), images, findings.all());
    }

    /// The metadata of the dataset's folder, or of each of its splits.
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
                    "%s and %s both name images; keep that of the whole dataset, or one in each split"
                            .formatted(ofAll.get().name(), ofSplits.getFirst().name()));
        }
        if (!without.isEmpty()) {
            throw FailureException.input(
                    "METADATA_MISSING",
                    "%s names images, but %s/ has no metadata of its own; add it, or write one for all beside the splits"
                            .formatted(ofSplits.getFirst().name(), root.relativize(without.getFirst())));
        }
        return ofSplits;
    }

    /// The folder's own splits. A class may be called `train` (beside `bus` and `car`): only where all folders
    /// are splits, or two of them are, do we take them for splits.
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
                    "beside the splits in %s lies '%s', which is none; move it away or into a split"
                            .formatted(root, others.getFirst()));
        }
        if (!splits.containsKey(Split.TRAIN)) {
            throw FailureException.input("NO_TRAIN", "%s has no train/ beside its other splits".formatted(root));
        }
        Path train = splits.get(Split.TRAIN);
        boolean isClass = splits.size() == 1
                && walk.foldersIn(train).isEmpty()
                && Metadata.in(root, train).isEmpty();
        return isClass ? Map.of() : splits;
    }
}
