package io.peregrine.ingest.pack;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.events.Split;
import java.util.List;

/// Something that a dataset's owner should know of it. It never stops a run.
///
/// @param pictures which it is about, at most [#SHOWN] of them; none where it is about names
/// @param names of files below the dataset's folder, or of classes; none where it is about pictures
/// @param count of all pictures or names that it is about
/// @param distance between near-duplicates' hashes, in bits; null where nothing was compared
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Finding(FindingKind kind, List<Picture> pictures, List<String> names, long count, Integer distance) {
    /// A thousand copies of one picture are one finding, which shows the first of them.
    static final int SHOWN = 20;

    /// Who writes metadata may name a file by megabytes.
    private static final int CHARACTERS = 1_000;

    /// A picture as it is known everywhere else.
    public record Picture(String imageId, long row, Split split, String label, String path) {}

    public Finding {
        pictures = List.copyOf(pictures);
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
