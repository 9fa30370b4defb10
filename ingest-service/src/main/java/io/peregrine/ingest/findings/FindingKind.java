package io.peregrine.ingest.findings;

/// Kinds of findings, each with a short description for readers.
public enum FindingKind {
    IDENTICAL_ACROSS_CLASSES("the same bytes in several classes: a label is wrong, or the classes overlap"),
    IDENTICAL_ACROSS_SPLITS("the same bytes in several splits: a network is tested with what it was trained with"),
    NEAR_ACROSS_CLASSES("images of different classes that look alike"),
    NEAR_ACROSS_SPLITS("images of different splits that look alike"),
    NEAR_IN_CLASS("images of one class and split that look alike"),
    CLASS_NAMES_ALIKE("classes whose names differ only in letter case, blanks or Unicode form; they were kept apart"),
    HIDDEN("a hidden file or folder; it was skipped"),
    NAME_NOT_UTF8("a file whose name is not UTF-8; it was skipped"),
    METADATA_FILE_MISSING("a file that is listed in the metadata but does not exist (hidden files are ignored)"),
    METADATA_FILE_NOT_NAMED("an image file that is not listed in the metadata; it was skipped"),
    METADATA_LINE_TWICE("a file that is listed twice in the metadata with the same label; the first line is used"),
    LOOSE_IMAGES("images outside of class folders, without a label; they were skipped"),
    UNLISTED_EXTENSION("files with an extension that is not read, or with none; they were skipped"),
    METADATA_NOT_USED("files that seem to list images, in a place or format that is not used"),
    METADATA_SIMILAR_COLUMN(
            "the metadata have no column 'label', but one of a similar name; the folders are the classes"),
    SPLIT_AMONG_CLASSES("a folder with the name of a split was taken for a class");

    private final String meaning;

    FindingKind(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }
}
