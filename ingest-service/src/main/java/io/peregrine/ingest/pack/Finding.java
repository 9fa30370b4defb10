package io.peregrine.ingest.pack;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.events.Split;
import java.util.List;

/// Something that a dataset's owner should know of it. It never stops a run.
///
/// @param images which it is about, at most [#SHOWN] of them; none where it is about names
/// @param names of files below the dataset's folder, or of classes; none where it is about images
/// @param count of all images or names that it is about
/// @param distance between near-duplicates' hashes, in bits; null where nothing was compared
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Finding(FindingKind kind, List<Image> images, List<String> names, long count, Integer distance) {
    /// A thousand copies of one image are one finding, which shows the first of them.
    static final int SHOWN = 20;

    /// Who writes metadata may name a file by megabytes.
    private static final int CHARACTERS = 1_000;

    /// An image as it is known everywhere else.
    public record Image(String imageId, long row, Split split, String label, String path) {}

    public Finding {
        images = List.copyOf(images);
        names = List.copyOf(names);
    }

    static Finding named(FindingKind kind, List<String> names) {
        return new Finding(kind, List.of(), names.stream().limit(SHOWN).toList(), names.size(), null);
    }

    private static String shortened(String name) {
        return name.codePointCount(0, name.length()) <= CHARACTERS
                ? name
                : name.substring(0, name.offsetByCodePoints(0, CHARACTERS)) + "…";
    }
}
