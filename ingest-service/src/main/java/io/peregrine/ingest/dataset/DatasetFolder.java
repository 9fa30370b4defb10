package io.peregrine.ingest.dataset;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.findings.Findings;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// The contents of a dataset folder: `root/<split?>/<class>/**/image` ([ByFolder]), or the files that label files
/// list ([ByMetadata], [LabelFiles]). Hidden files are skipped ([FolderWalk]). All other files that are not used
/// are counted ([SkippedFiles]).
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

    /// @param root resolved by [AllowedRoots#resolve]
    /// @param between called every some thousand lines of a label file; an exception from it ends the reading
    /// @throws FailureException INPUT if there is no class, a class has no training images, a folder is a link
    ///     out of the roots, or metadata cannot be read
    static DatasetFolder read(Path root, AllowedRoots roots, Runnable between) {
        FolderWalk walk = new FolderWalk(root, roots);
        Findings.Collector findings = new Findings.Collector();
        SkippedFiles skipped = new SkippedFiles(root);
        Optional<LabelFiles> kaggle = LabelFiles.kaggle(root, walk);
        Map<Split, Path> splits = kaggle.isPresent() ? Map.of() : SplitFolders.in(root, walk);
        LabelFiles labels = kaggle.orElseGet(() -> LabelFiles.of(root, splits, walk));
        Map<Split, Path> folders = labels.folders();
        List<Found> images;
        if (labels.files().isEmpty()) {
            ByFolder found = new ByFolder(root, walk, skipped);
            folders.forEach(found::add);
            countOthers(root, walk, folders.values(), file -> false, skipped);
            images = found.images(findings);
        } else {
            ByMetadata found = new ByMetadata(root, roots, labels.files(), findings, skipped, between);
            folders.forEach((split, folder) -> walk.files(folder, file -> found.add(split, folder, file)));
            countOthers(root, walk, folders.values(), found::isUsed, skipped);
            images = found.images();
        }
        findings.addAll(walk.skipped());
        findings.addAll(skipped.findings());
        Set<Split> given = folders.containsValue(root) ? Set.of() : folders.keySet();
        return new DatasetFolder(Set.copyOf(given), images, findings.all());
    }

    /// Counts the files of the root that are not in one of the folders.
    private static void countOthers(
            Path root, FolderWalk walk, Collection<Path> folders, Predicate<Path> isUsed, SkippedFiles skipped) {
        if (folders.contains(root)) {
            return;
        }
        walk.filesIn(root).stream().filter(isUsed.negate()).forEach(file -> skipped.outsideClasses(root, file));
        walk.foldersIn(root).stream()
                .filter(folder -> !folders.contains(folder))
                .forEach(folder -> walk.files(folder, file -> skipped.outsideClasses(folder, file)));
    }
}
