package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.dataset.DatasetFolder.Found;
import io.peregrine.ingest.findings.Findings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/// Images whose class is the name of their folder, as in torchvision's `ImageFolder`. The same extensions are
/// accepted, and `.gif`, of which the first frame is used, `.jfif` and `.jpe`, which are JPEG. Files with other
/// extensions are skipped.
final class ByFolder {
    private static final Set<String> EXTENSIONS =
            Set.of("jpg", "jpeg", "jfif", "jpe", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "gif");

    private final Path root;
    private final FolderWalk walk;
    private final SkippedFiles skipped;
    private final List<Found> images = new ArrayList<>();
    private final Set<String> labels = new TreeSet<>();
    private final Set<String> trained = new HashSet<>();
    private String where = "";
    private boolean hasSplits;

    ByFolder(Path root, FolderWalk walk, SkippedFiles skipped) {
        this.root = root;
        this.walk = walk;
        this.skipped = skipped;
    }

    /// @param folder its subfolders are the classes
    void add(Split split, Path folder) {
        hasSplits |= !folder.equals(root);
        if (split == Split.TRAIN && hasSplits) {
            where = " in " + root.relativize(folder) + "/";
        }
        walk.filesIn(folder).forEach(file -> skipped.outsideClasses(folder, file));
        for (Path one : walk.foldersIn(folder)) {
            String label = one.getFileName().toString();
            labels.add(label);
            walk.files(one, file -> add(split, label, one, file));
        }
    }

    private void add(Split split, String label, Path folder, Path file) {
        if (!isImage(file.getFileName().toString())) {
            skipped.inClass(file);
            return;
        }
        String path = folder.relativize(file).toString();
        images.add(new Found(split, label, path, root.relativize(file).toString(), null));
        if (split == Split.TRAIN) {
            trained.add(label);
        }
    }

    /// @return whether a file with this name is listed
    static boolean isImage(String name) {
        int dot = name.lastIndexOf('.');
        return dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    /// @param findings about folders that may not be classes
    /// @throws FailureException INPUT if there is no class, a class has no training images, or the folders are
    ///     probably not classes
    List<Found> images(Findings.Collector findings) {
        if (labels.isEmpty()) {
            String table = skipped.firstTable();
            throw FailureException.input(
                    "NO_CLASSES",
                    ("%s contains no class folder%s%s; put the images of each class in a folder named after the class, "
                                    + "directly there or in train/, test/ and validation/, or list the class of each image in "
                                    + "a metadata.csv (file_name, label)")
                            .formatted(
                                    root,
                                    skipped.looseImages() == 0
                                            ? ""
                                            : ", but %,d images without a class".formatted(skipped.looseImages()),
                                    table.isEmpty() ? "" : " (%s is not used)".formatted(table)));
        }
        LayoutCheck layout = new LayoutCheck(root, walk, images);
        layout.requireClasses(hasSplits);
        for (String label : labels) {
            if (!trained.contains(label)) {
                String table = skipped.firstTable();
                String other = (skipped.extensions().isEmpty()
                                ? ""
                                : "; files that end in %s were skipped".formatted(skipped.extensions()))
                        + (table.isEmpty() ? "" : "; %s is not used".formatted(table));
                throw FailureException.input(
                        "EMPTY_CLASS",
                        "class '%s' of %s has no training images%s (accepted extensions: %s%s); add images or remove the folder"
                                .formatted(label, root, where, String.join(", ", new TreeSet<>(EXTENSIONS)), other));
            }
        }
        if (!hasSplits) {
            findings.addAll(layout.splitsAmongClasses());
        }
        return images;
    }
}
