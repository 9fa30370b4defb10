package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.dataset.DatasetFolder.Found;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Recognizes folders that were taken for classes, but that probably contain the classes or a split.
final class LayoutCheck {
    private final Path root;
    private final FolderWalk walk;
    private final List<Found> images;
    private final Set<String> withImages;
    /// Classes of which at least one image is directly in the class folder.
    private final Set<String> direct;

    /// @param images by folder
    LayoutCheck(Path root, FolderWalk walk, List<Found> images) {
        this.root = root;
        this.walk = walk;
        this.images = images;
        this.withImages = labels(images);
        this.direct = labels(
                images.stream().filter(image -> image.path().indexOf('/') < 0).toList());
    }

    private static Set<String> labels(Collection<Found> images) {
        return images.stream()
                .map(Found::label)
                .collect(Collectors.toCollection(() -> new TreeSet<>(Listing::byCodePoint)));
    }

    /// @param splits whether the class folders are in split folders
    /// @throws FailureException INPUT `WRAPPER_FOLDER` if the only class folder holds a whole dataset;
    ///     `SPLIT_NAME_UNKNOWN` if the classes have names such as `training_set` and `test_set`
    void requireClasses(boolean splits) {
        if (withImages.size() == 1) {
            String only = withImages.iterator().next();
            if (!splits) {
                rejectFolderWithLabels(only);
            }
            if (direct.isEmpty()) {
                rejectWrapper(only, splits);
            }
        }
        if (!splits) {
            rejectSplitNames();
        }
    }

    private void rejectSplitNames() {
        List<String> named = withImages.stream()
                .filter(label -> SplitFolders.named(label).isPresent())
                .toList();
        Set<Split> splits = named.stream()
                .map(label -> SplitFolders.named(label).orElseThrow())
                .collect(Collectors.toSet());
        boolean lookLikeSplits =
                named.size() == withImages.size() || named.stream().noneMatch(direct::contains);
        if (lookLikeSplits && splits.size() > 1 && splits.contains(Split.TRAIN)) {
            throw FailureException.input(
                    "SPLIT_NAME_UNKNOWN",
                    "the folders %s of %s look like splits, not like classes; rename them to train, validation and test, with a folder for each class in them"
                            .formatted(String.join(", ", named), root));
        }
    }

    private void rejectFolderWithLabels(String only) {
        Path folder = root.resolve(only);
        LabelFiles.in(root, folder, walk)
                .or(() -> LabelFiles.kaggle(folder, walk)
                        .map(found -> found.files().getFirst()))
                .ifPresent(file -> {
                    throw FailureException.input(
                            "WRAPPER_FOLDER",
                            "%s contains only the folder %s, in which %s lists the images; give %s instead"
                                    .formatted(root, only, file.name(), folder));
                });
    }

    private void rejectWrapper(String label, boolean splits) {
        Path wrapper = Path.of(label);
        Set<String> inside = foldersIn(label, 1);
        for (int depth = 2; inside.size() == 1 && !inside.contains(""); depth++) {
            wrapper = wrapper.resolve(inside.iterator().next());
            inside = foldersIn(label, depth);
        }
        if (inside.size() < 2 || inside.contains("")) {
            return;
        }
        String remedy = splits
                ? "move these folders up into the folder of their split"
                : "give %s instead".formatted(root.resolve(wrapper));
        throw FailureException.input(
                "WRAPPER_FOLDER",
                "all images of %s are in the folder %s, which has no image itself but the folders %s; %s"
                        .formatted(root, wrapper, shown(inside), remedy));
    }

    /// @return names at a depth below the class folder; an empty name for an image that is above this depth
    private Set<String> foldersIn(String label, int depth) {
        Set<String> names = new TreeSet<>(Listing::byCodePoint);
        for (Found image : images) {
            String[] path = image.path().split("/");
            names.add(path.length > depth ? path[depth - 1] : "");
        }
        return names;
    }

    private static String shown(Set<String> names) {
        String first = names.stream().limit(5).collect(Collectors.joining(", "));
        return names.size() <= 5 ? first : first + " and %,d more".formatted(names.size() - 5);
    }

    /// @return a finding for each class with the name of a split that has no image itself
    Findings splitsAmongClasses() {
        Findings.Collector findings = new Findings.Collector();
        Set<String> suspicious = new HashSet<>(withImages);
        suspicious.removeAll(direct);
        withImages.stream()
                .filter(suspicious::contains)
                .filter(label -> SplitFolders.named(label).isPresent())
                .forEach(
                        label -> findings.add(
                                Finding.detailed(
                                        FindingKind.SPLIT_AMONG_CLASSES,
                                        List.of(label),
                                        1,
                                        "the folder %s was taken for a class, because not all folders next to it have names of splits"
                                                .formatted(label),
                                        "if it is a split, give all splits the names train, validation and test, and move other folders away")));
        return findings.all();
    }
}
