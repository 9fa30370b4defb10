package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Folders of splits by the names that other tools give them, in any letter case: Roboflow's `valid`, and those
/// that Hugging Face reads.
final class SplitFolders {
    private static final Map<String, Split> NAMES = Map.ofEntries(
            Map.entry("train", Split.TRAIN),
            Map.entry("training", Split.TRAIN),
            Map.entry("validation", Split.VALIDATION),
            Map.entry("valid", Split.VALIDATION),
            Map.entry("val", Split.VALIDATION),
            Map.entry("dev", Split.VALIDATION),
            Map.entry("test", Split.TEST),
            Map.entry("testing", Split.TEST),
            Map.entry("eval", Split.TEST),
            Map.entry("evaluation", Split.TEST));

    private static final Pattern WORD_BREAK = Pattern.compile("[^\\p{L}]+|(?<=\\p{Ll})(?=\\p{Lu})");

    private SplitFolders() {}

    /// @param name of a folder, or of a file without its extension
    static Optional<Split> split(String name) {
        return Optional.ofNullable(NAMES.get(name.strip().toLowerCase(Locale.ROOT)));
    }

    /// @return the split of a name such as `train` or `train_images`
    static Optional<Split> splitOfImages(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return split(lower.endsWith("images") ? lower.replaceAll("[ _-]?images$", "") : lower);
    }

    /// @return the split of a name such as `trainLabels` or `test_labels`; `train` for `labels`
    static Optional<Split> splitOfLabels(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        String rest = lower.replaceAll("[ _-]?labels$", "");
        return rest.isEmpty() ? Optional.of(Split.TRAIN) : rest.equals(lower) ? Optional.empty() : split(rest);
    }

    /// @return the split that is one of the words of a name, such as `training_set` or `val2017`
    static Optional<Split> named(String name) {
        return Arrays.stream(WORD_BREAK.split(name))
                .flatMap(word -> split(word).stream())
                .findFirst();
    }

    /// A class may have the name `train` (next to `bus` and `car`). Folders therefore count as splits only if all
    /// folders have names of splits, or at least two have.
    ///
    /// @return the split folders in the root; empty if its folders are classes
    /// @throws FailureException INPUT if only some of the folders are splits, or `train` is missing
    static Map<Split, Path> in(Path root, FolderWalk walk) {
        Map<Split, Path> splits = new EnumMap<>(Split.class);
        List<String> others = new ArrayList<>();
        for (Path folder : walk.foldersIn(root)) {
            String name = folder.getFileName().toString();
            Optional<Split> split = split(name);
            if (split.isEmpty()) {
                others.add(name);
            } else if (splits.put(split.get(), folder) != null) {
                throw FailureException.input(
                        "SPLIT_TWICE",
                        "%s has two folders for %s (%s is one); put their classes into one"
                                .formatted(root, split.get().jsonName(), name));
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
                && LabelFiles.in(root, train, walk).isEmpty();
        return isClass ? Map.of() : splits;
    }
}
