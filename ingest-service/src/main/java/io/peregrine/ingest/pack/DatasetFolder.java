package io.peregrine.ingest.pack;

import io.peregrine.events.Failure;
import io.peregrine.events.Split;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What lies in a dataset's folder: `root/<split?>/<class>/**/picture`, as torchvision's `ImageFolder` reads it; beside
/// its extensions we look for `.gif`, of which the first frame counts.
///
/// Names that begin with a dot, and `__MACOSX`, are not seen; files without a picture's extension are passed by.
///
/// @param given the splits that the folder has by itself; empty: its classes lie directly in it
/// @param pictures in no particular order; unless the folder has its own splits, all belong to `train` for now
record DatasetFolder(Set<Split> given, List<Found> pictures) {
    /// A file with a picture's extension. It may still be anything.
    ///
    /// @param path in the class folder, with `/`
    /// @param file below the dataset's folder
    record Found(Split split, String label, String path, String file) {}

    private static final Set<String> EXTENSIONS =
            Set.of("jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "gif");

    private static final Map<String, Split> SPLITS =
            Map.of("train", Split.TRAIN, "test", Split.TEST, "val", Split.VALIDATION, "validation", Split.VALIDATION);

    /// @param root resolved by [Roots#resolve]
    /// @throws Failure INPUT, if there is no class, a class without pictures for training, or a folder that
    ///     is a link out of the roots
    static DatasetFolder read(Path root, Roots roots) {
        Walk walk = new Walk(root, roots);
        List<Path> folders = walk.foldersIn(root);
        Map<Split, Path> splits = splits(root, folders, walk);
        if (splits.isEmpty()) {
            walk.classes(Split.TRAIN, root, folders);
        } else {
            splits.forEach((split, folder) -> walk.classes(split, folder, walk.foldersIn(folder)));
        }
        if (walk.labels.isEmpty()) {
            throw Failure.input(
                    "NO_CLASSES",
                    ("there is no class folder in %s; put each class's pictures in a folder of the class's name, "
                                    + "directly there or in train/, test/ and validation/")
                            .formatted(root));
        }
        for (String label : walk.labels) {
            if (!walk.trained.contains(label)) {
                throw emptyClass(root, label, walk, splits);
            }
        }
        return new DatasetFolder(Set.copyOf(splits.keySet()), List.copyOf(walk.pictures));
    }

    /// The folder's own splits. A class may be called `train` (beside `bus` and `car`): only where all folders are
    /// splits, or two of them are, do we take them for splits.
    private static Map<Split, Path> splits(Path root, List<Path> folders, Walk walk) {
        Map<Split, Path> splits = new EnumMap<>(Split.class);
        List<String> others = new ArrayList<>();
        for (Path folder : folders) {
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

    private static Failure emptyClass(Path root, String label, Walk walk, Map<Split, Path> splits) {
        String where = splits.isEmpty() ? "" : " in train/";
        String other = walk.passedBy.isEmpty()
                ? ""
                : "; files that end in %s were passed by".formatted(String.join(", ", walk.passedBy));
        return Failure.input(
                "EMPTY_CLASS",
                "class '%s' of %s has no picture%s (%s are looked for%s); add pictures or remove the folder"
                        .formatted(label, root, where, String.join(", ", new TreeSet<>(EXTENSIONS)), other));
    }

    /// One pass through the folders. A link to a folder is followed as long as it stays below the roots and does not
    /// lead back to where it lies.
    private static final class Walk {
        private final Path root;
        private final Roots roots;
        private final List<Found> pictures = new ArrayList<>();
        private final Set<String> labels = new TreeSet<>();
        private final Set<String> trained = new HashSet<>();
        private final Set<String> passedBy = new TreeSet<>();

        Walk(Path root, Roots roots) {
            this.root = root;
            this.roots = roots;
        }

        List<Path> foldersIn(Path folder) {
            return entries(folder).stream().filter(Files::isDirectory).toList();
        }

        void classes(Split split, Path folder, List<Path> classes) {
            for (Path one : classes) {
                String label = one.getFileName().toString();
                labels.add(label);
                walk(split, label, one, "", Set.of(real(folder)));
            }
        }

        private void walk(Split split, String label, Path folder, String prefix, Set<Path> above) {
            Path real = real(folder);
            if (!roots.lieBelow(real)) {
                throw Failure.input(
                        "LINK_OUTSIDE_ROOTS",
                        "the folder %s is a link that leads out of the configured roots; it was not opened"
                                .formatted(root.relativize(folder)));
            }
            if (above.contains(real)) {
                throw Failure.input(
                        "LINK_LOOP",
                        "the folder %s is a link to a folder that holds it; remove it"
                                .formatted(root.relativize(folder)));
            }
            Set<Path> here = new HashSet<>(above);
            here.add(real);
            for (Path entry : entries(folder)) {
                String name = entry.getFileName().toString();
                if (Files.isDirectory(entry)) {
                    walk(split, label, entry, prefix + name + "/", here);
                } else if (isPictureName(name)) {
                    pictures.add(new Found(
                            split, label, prefix + name, root.relativize(entry).toString()));
                    if (split == Split.TRAIN) {
                        trained.add(label);
                    }
                } else {
                    passedBy.add(name.substring(Math.max(0, name.lastIndexOf('.'))));
                }
            }
        }

        private List<Path> entries(Path folder) {
            List<Path> entries = new ArrayList<>();
            try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
                for (Path entry : all) {
                    String name = entry.getFileName().toString();
                    if (name.indexOf('\uFFFD') >= 0) {
                        throw Failure.input(
                                "NAME_NOT_UTF8",
                                ("the name of %s is not UTF-8, or this service runs without a UTF-8 locale; rename it,"
                                                + " or start the service with LC_ALL=C.UTF-8")
                                        .formatted(root.relativize(entry)));
                    }
                    if (!name.startsWith(".") && !name.equals("__MACOSX")) {
                        entries.add(entry);
                    }
                }
                return entries;
            } catch (IOException | DirectoryIteratorException e) {
                throw Failure.input(
                        "FOLDER_UNREADABLE", "the folder %s cannot be read (%s)".formatted(root.relativize(folder), e));
            }
        }

        private Path real(Path folder) {
            try {
                return folder.toRealPath();
            } catch (IOException e) {
                throw Failure.input(
                        "FOLDER_UNREADABLE", "the folder %s cannot be read (%s)".formatted(root.relativize(folder), e));
            }
        }

        private static boolean isPictureName(String name) {
            int dot = name.lastIndexOf('.');
            return dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
        }
    }
}
