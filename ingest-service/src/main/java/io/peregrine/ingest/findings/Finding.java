package io.peregrine.ingest.findings;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.events.Split;
import java.util.List;

/// A warning about a dataset for its owner. It never stops a run.
///
/// @param images the images concerned, at most [#SHOWN]; empty if it is about names
/// @param names of files below the dataset's folder, or of classes; empty if it is about images
/// @param count of all images or names concerned
/// @param distance between the hashes of near-duplicates, in bits; null if nothing was compared
/// @param detail what was found, if the kind's meaning does not state it; otherwise null
/// @param remedy what to do, if it depends on what was found; otherwise null
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Finding(
        FindingKind kind,
        List<Image> images,
        List<String> names,
        long count,
        Integer distance,
        String detail,
        String remedy) {
    /// A thousand copies of one image are one finding, which lists this many of them.
    public static final int SHOWN = 20;

    /// Limit of a shown name. A metadata file may contain names of megabytes.
    private static final int CHARACTERS = 1_000;

    /// An image with the identifiers that it has in events and REST.
    public record Image(String imageId, long row, Split split, String label, String path) {}

    public Finding {
        images = List.copyOf(images);
        names = List.copyOf(names);
    }

    public static Finding named(FindingKind kind, List<String> names) {
        return new Finding(kind, List.of(), shown(names), names.size(), null, null, null);
    }

    /// @param names the first of those concerned
    /// @param count of all concerned
    public static Finding detailed(FindingKind kind, List<String> names, long count, String detail, String remedy) {
        return new Finding(kind, List.of(), shown(names), count, null, detail, remedy);
    }

    private static List<String> shown(List<String> names) {
        return names.stream().limit(SHOWN).map(Finding::shortened).toList();
    }

    private static String shortened(String name) {
        return name.codePointCount(0, name.length()) <= CHARACTERS
                ? name
                : name.substring(0, name.offsetByCodePoints(0, CHARACTERS)) + "…";
    }
}
