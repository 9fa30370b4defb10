package io.peregrine.ingest.pack;

import io.peregrine.events.Failure;
import io.peregrine.events.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What lies in a dataset's folder: `root/<split?>/<class>/**/picture`, as torchvision's `ImageFolder` reads it; beside
/// its extensions we look for `.gif`, of which the first frame counts.
///
/// Hidden files ([FolderWalk]) and files without a picture's extension are passed by.
///
/// @param given the splits that the folder has by itself; empty: its classes lie directly in it
/// @param pictures in no particular order; unless the folder has its own splits, all belong to `train` for now
/// @param findings of the folders and names
record DatasetFolder(Set<Split> given, List<Found> pictures, Findings findings) {
    /// A file with a picture's extension. It may still be anything.
    ///
    /// @param path in the class folder, with `/`
    /// @param file below the dataset's folder
    record Found(Split split, String label, String path, String file) {}

    private static final Set<String> EXTENSIONS =
            Set.of("jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "gif");

    /// So many endings of passed-by files are told of an empty class.
    private static final int ENDINGS = 10;

    private static final Map<String, Split> SPLITS =
            Map.of("train", Split.TRAIN, "test", Split.TEST, "val", Split.VALIDATION, "validation", Split.VALIDATION);

    /// @param root resolved by [Roots#resolve]
    /// @throws Failure INPUT, if there is no class, a class without pictures for training, or a folder that
    ///     is a link out of the roots
    static DatasetFolder read(Path root, Roots roots) {
        FolderWalk walk = new FolderWalk(root, roots);
        Map<Split, Path> splits = splits(root, walk);
        ByFolder found = new ByFolder(root, walk);
        (splits.isEmpty() ? Map.of(Split.TRAIN, root) : splits).forEach(found::classes);
        if (found.labels.isEmpty()) {
            throw Failure.input(
                    "NO_CLASSES",
                    ("there is no class folder in %s; put each class's pictures in a folder of the class's name, "
                                    + "directly there or in train/, test/ and validation/")
                            .formatted(root));
        }
        for (String label : found.labels) {
            if (!found.trained.contains(label)) {
                throw emptyClass(root, label, found, splits);
            }
        }
        return new DatasetFolder(Set.copyOf(splits.keySet()), List.copyOf(found.pictures), walk.passedBy());
    }

    /// The folder's own splits. A class may be called `train` (beside `bus` and `car`): only where all folders are
    /// splits, or two of them are, do we take them for splits.
    private static Map<Split, Path> splits(Path root, FolderWalk walk) {
        Map<Split, Path> splits = new EnumMap<>(Split.class);
        List<String> others = new ArrayList<>();
        for (Path folder : walk.foldersIn(root)) {
            String name = folder.getFileName().toString();
            Split split = SPLITS.get(name.toLowerCase(Locale.ROOT));
            if (split == null) {
                others.add(name);
            } else if (splits.put(split, folder) != null) {
                throw Failure.input(
                        "SPLIT_TWICE",
                        "%s has two folders for %s (%s is one); put their classes into one"
                                .formatted(root, split.wire(), name));
            }
        }
        if (splits.isEmpty() || (!others.isEmpty() && splits.size() == 1)) {
            return Map.of();
        }
        if (!others.isEmpty()) {
            throw Failure.input(
                    "MIXED_LAYOUT",
                    "beside the splits in %s lies '%s', which is none; move it away or into a split"
                            .formatted(root, others.getFirst()));
        }
        if (!splits.containsKey(Split.TRAIN)) {
            throw Failure.input("NO_TRAIN", "%s has no train/ beside its other splits".formatted(root));
        }
        boolean isClass =
                splits.size() == 1 && walk.foldersIn(splits.get(Split.TRAIN)).isEmpty();
        return isClass ? Map.of() : splits;
    }

    private static Failure emptyClass(Path root, String label, ByFolder found, Map<Split, Path> splits) {
        String where = splits.isEmpty() ? "" : " in train/";
        String other = found.passedBy.isEmpty()
                ? ""
                : "; files that end in %s were passed by"
                        .formatted(found.passedBy.stream().limit(ENDINGS).collect(Collectors.joining(", ")));
        return Failure.input(
                "EMPTY_CLASS",
                "class '%s' of %s has no picture%s (%s are looked for%s); add pictures or remove the folder"
                        .formatted(label, root, where, String.join(", ", new TreeSet<>(EXTENSIONS)), other));
    }

    /// Pictures by the folders in which they lie.
    private static final class ByFolder {
        private final Path root;
        private final FolderWalk walk;
        private final List<Found> pictures = new ArrayList<>();
        private final Set<String> labels = new TreeSet<>();
        private final Set<String> trained = new HashSet<>();
        private final Set<String> passedBy = new TreeSet<>();

        ByFolder(Path root, FolderWalk walk) {
            this.root = root;
            this.walk = walk;
        }

        void classes(Split split, Path folder) {
            for (Path one : walk.foldersIn(folder)) {
                String label = one.getFileName().toString();
                labels.add(label);
                walk.files(one, file -> add(split, label, one, file));
            }
        }

        private void add(Split split, String label, Path folder, Path file) {
            String name = file.getFileName().toString();
            if (!isPictureName(name)) {
                passedBy.add(name.substring(Math.max(0, name.lastIndexOf('.'))));
                return;
            }
            pictures.add(new Found(
                    split,
                    label,
                    folder.relativize(file).toString(),
                    root.relativize(file).toString()));
            if (split == Split.TRAIN) {
                trained.add(label);
            }
        }

        private static boolean isPictureName(String name) {
            int dot = name.lastIndexOf('.');
            return dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
        }
    }
}
