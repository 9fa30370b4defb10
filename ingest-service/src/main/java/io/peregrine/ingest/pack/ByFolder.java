package io.peregrine.ingest.pack;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.pack.DatasetFolder.Found;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Images whose class is the folder in which they lie, as torchvision's `ImageFolder` has it; beside its
/// extensions we look for `.gif`, of which the first frame counts. Files without an image's extension are passed
/// by.
final class ByFolder {
    private static final Set<String> EXTENSIONS =
            Set.of("jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "gif");

    /// So many endings of files that were passed by are told of an empty class.
    private static final int ENDINGS = 10;

    private final Path root;
    private final FolderWalk walk;
    private final List<Found> images = new ArrayList<>();
    private final Set<String> labels = new TreeSet<>();
    private final Set<String> trained = new HashSet<>();
    private final Set<String> passedBy = new TreeSet<>();
    private String where = "";

    ByFolder(Path root, FolderWalk walk) {
        this.root = root;
        this.walk = walk;
    }

    /// @param folder whose folders are classes
    void add(Split split, Path folder) {
        if (split == Split.TRAIN && !folder.equals(root)) {
            where = " in " + root.relativize(folder) + "/";
        }
        for (Path one : walk.foldersIn(folder)) {
            String label = one.getFileName().toString();
            labels.add(label);
            walk.files(one, file -> add(split, label, one, file));
        }
    }

    private void add(Split split, String label, Path folder, Path file) {
        String name = file.getFileName().toString();
        if (!isImage(name)) {
            passedBy.add(name.substring(Math.max(0, name.lastIndexOf('.'))));
            return;
        }
        String path = folder.relativize(file).toString();
        images.add(new Found(split, label, path, root.relativize(file).toString(), null));
        if (split == Split.TRAIN) {
            trained.add(label);
        }
    }

    /// @return whether torchvision would take a file of this name for an image
    static boolean isImage(String name) {
        int dot = name.lastIndexOf('.');
        return dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    /// @throws Failure INPUT, if there is no class, or one without images for training
    List<Found> images() {
        if (labels.isEmpty()) {
            throw FailureException.input(
                    "NO_CLASSES",
                    ("there is no class folder in %s; put each class's images in a folder of the class's name, "
                                    + "directly there or in train/, test/ and validation/, or tell each image's class in a "
                                    + "metadata.csv (file_name, label)")
                            .formatted(root));
        }
        for (String label : labels) {
            if (!trained.contains(label)) {
                String other = passedBy.isEmpty()
                        ? ""
                        : "; files that end in %s were passed by"
                                .formatted(passedBy.stream().limit(ENDINGS).collect(Collectors.joining(", ")));
                throw FailureException.input(
                        "EMPTY_CLASS",
                        "class '%s' of %s has no image to train with%s (%s are looked for%s); add images or remove the folder"
                                .formatted(label, root, where, String.join(", ", new TreeSet<>(EXTENSIONS)), other));
            }
        }
        return images;
    }
}
