package io.peregrine.ingest.pack;

import io.peregrine.events.Split;
import java.util.List;

/// Something that a dataset's owner should know of it. It never stops a run.
///
/// @param pictures which it is about, at most [#SHOWN] of them; none where it is about names
/// @param names of files below the dataset's folder, or of classes; none where it is about pictures
/// @param count of all pictures or names that it is about
/// @param distance between near-duplicates' hashes, in bits; null where nothing was compared
public record Finding(Kind kind, List<Picture> pictures, List<String> names, long count, Integer distance) {
    /// A thousand copies of one picture are one finding, which shows the first of them.
    static final int SHOWN = 20;

    /// What was found, with one sentence for a person.
    public enum Kind {
        CLASS_NAMES_ALIKE("classes whose names differ only in letter case or Unicode form; they were kept apart"),
        HIDDEN("a hidden file or folder; it was passed by"),
        NAME_NOT_UTF8("a file whose name is not UTF-8; it was passed by");

        private final String meaning;

        Kind(String meaning) {
            this.meaning = meaning;
        }

        public String meaning() {
            return meaning;
        }
    }

    /// A picture as it is known everywhere else.
    public record Picture(String imageId, long row, Split split, String label, String path) {}

    public Finding {
        pictures = List.copyOf(pictures);
        names = List.copyOf(names);
    }

    static Finding named(Kind kind, List<String> names) {
        return new Finding(kind, List.of(), names.stream().limit(SHOWN).toList(), names.size(), null);
    }
}
