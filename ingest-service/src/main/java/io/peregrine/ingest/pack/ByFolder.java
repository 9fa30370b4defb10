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

/// Images whose class is the name of their folder, as in torchvision's `ImageFolder`. The same extensions are
/// accepted, and `.gif`, of which the first frame is used. Files with other extensions are skipped.
final class ByFolder {
    private static final Set<String> EXTENSIONS =
            Set.of("jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "gif");

    /// An EMPTY_CLASS message lists at most this many extensions of skipped files.
    private static final int ENDINGS = 10;

    private final Path root;
    private final FolderWalk walk;
    private final List<Found> images = new ArrayList<>();
    private final Set<String> labels = new TreeSet<>();
    private final Set<String> trained = new HashSet<>();
    private final Set<String> skipped = new TreeSet<>();
    private String where = "";

    ByFolder(Path root, FolderWalk walk) {
        this.root = root;
        this.walk = walk;
    }

    /// @param folder its subfolders are the classes
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
            skipped.add(name.substring(Math.max(0, name.lastIndexOf('.'))));
            return;
        }
        String path = folder.relativize(file).toString();
        images.add(new Found(split, label, path, root.relativize(file).toString(), null));
        if (split == Split.TRAIN) {
            trained.add(label);
        }
    }

    /// @return whether torchvision would accept this file name as an image
    static boolean isImage(String name) {
        int dot = name.lastIndexOf('.');
        return dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    /// @throws FailureException INPUT if there is no class, or a class has no training images
    List<Found> images() {
        if (labels.isEmpty()) {
            throw FailureException.input(
                    "NO_CLASSES",
                    ("%s contains no class folder; put the images of each class in a folder named after the class, "
                                    + "directly there or in train/, test/ and validation/, or list the class of each image in "
                                    + "a metadata.csv (file_name, label)")
                            .formatted(root));
        }
        for (String label : labels) {
            if (!trained.contains(label)) {
                String other = skipped.isEmpty()
                        ? ""
                        : "; files that end in %s were skipped"
                                .formatted(skipped.stream().limit(ENDINGS).collect(Collectors.joining(", ")));
                throw FailureException.input(
                        "EMPTY_CLASS",
                        "class '%s' of %s has no training images%s (accepted extensions: %s%s); add images or remove the folder"
                                .formatted(label, root, where, String.join(", ", new TreeSet<>(EXTENSIONS)), other));
            }
        }
        return images;
    }
}
