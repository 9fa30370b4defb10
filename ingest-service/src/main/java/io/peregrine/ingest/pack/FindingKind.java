package io.peregrine.ingest.pack;

/// What was found, with one sentence for a person.
public enum FindingKind {
    IDENTICAL_ACROSS_CLASSES("the same bytes in several classes: a label is wrong, or the classes overlap"),
    IDENTICAL_ACROSS_SPLITS("the same bytes in several splits: a network is tested with what it was trained with"),
    NEAR_ACROSS_CLASSES("images of different classes that look alike"),
    NEAR_ACROSS_SPLITS("images of different splits that look alike"),
    NEAR_IN_CLASS("images of one class and split that look alike"),
    CLASS_NAMES_ALIKE("classes whose names differ only in letter case or Unicode form; they were kept apart"),
    HIDDEN("a hidden file or folder; it was passed by"),
    NAME_NOT_UTF8("a file whose name is not UTF-8; it was passed by"),
    METADATA_FILE_MISSING("a file that the metadata name and that is not there (hidden ones are not looked for)"),
    METADATA_FILE_NOT_NAMED("an image's file that the metadata do not name; it was passed by"),
    METADATA_LINE_TWICE("a file that the metadata name twice, with one label; its first line stands");

    private final String meaning;

    FindingKind(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }
}
