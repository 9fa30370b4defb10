package io.peregrine.ingest.dataset;

import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Counts the files of a dataset that were not used, for findings with examples and a remedy.
final class SkippedFiles {
    /// Files with further extensions are counted together.
    private static final int MAX_EXTENSIONS = 100;

    /// An EMPTY_CLASS message lists at most this many extensions.
    private static final int SHOWN = 10;

    private static final Pattern EXTENSION = Pattern.compile("\\.[\\p{L}\\p{N}]{1,12}$");

    /// Outside class folders, files with these extensions are expected and not reported.
    private static final Set<String> DOCUMENTS = Set.of(
            ".txt", ".md", ".rst", ".pdf", ".html", ".json", ".yaml", ".yml", ".xml", ".toml", ".ini", ".cff", ".bib",
            ".log", ".py", ".ipynb", ".sh", ".r");

    private static final Set<String> DOCUMENTS_WITHOUT_EXTENSION =
            Set.of("readme", "license", "licence", "notice", "changelog", "authors", "citation", "copying");

    private static final Set<String> OTHER_FORMATS = Set.of(
            ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".psd", ".svg", ".ico", ".exr", ".hdr", ".raw", ".dng");

    /// The number of files and the first of them.
    private static final class Group {
        private long files;
        private final List<String> first = new ArrayList<>();

        void add(String file) {
            files++;
            if (first.size() < Finding.SHOWN) {
                first.add(file);
            }
        }
    }

    private final Path root;
    private final Map<String, Group> extensions = new TreeMap<>(Listing::byCodePoint);
    private final Map<String, Group> loose = new TreeMap<>(Listing::byCodePoint);
    private final Group tables = new Group();
    private final Group further = new Group();

    /// @param root the dataset's folder
    SkippedFiles(Path root) {
        this.root = root;
    }

    /// @param file in a class folder, without an extension that is read
    void inClass(Path file) {
        if (LabelFiles.isTable(file.getFileName().toString())) {
            tables.add(below(file));
        } else {
            byExtension(file);
        }
    }

    /// @param folder that was not searched for classes: the dataset's folder, a split folder, or one for whose
    ///     images there are no labels
    /// @param file in it
    void outsideClasses(Path folder, Path file) {
        if (ByFolder.isImage(file.getFileName().toString())) {
            loose.computeIfAbsent(below(folder), key -> new Group()).add(below(file));
        } else {
            other(file);
        }
    }

    /// @param file outside of class folders, without an extension that is read
    void other(Path file) {
        String name = file.getFileName().toString();
        if (LabelFiles.isTable(name)) {
            tables.add(below(file));
        } else if (!isDocument(name)) {
            byExtension(file);
        }
    }

    private static boolean isDocument(String name) {
        return DOCUMENTS.contains(extension(name))
                || DOCUMENTS_WITHOUT_EXTENSION.contains(name.toLowerCase(Locale.ROOT));
    }

    private void byExtension(Path file) {
        String extension = extension(file.getFileName().toString());
        Group group = extensions.get(extension);
        if (group == null && extensions.size() == MAX_EXTENSIONS) {
            group = further;
        } else if (group == null) {
            group = new Group();
            extensions.put(extension, group);
        }
        group.add(below(file));
    }

    /// @return in lower case, with the dot; empty if there is none
    private static String extension(String name) {
        Matcher found = EXTENSION.matcher(name);
        return found.find() && found.start() > 0 ? found.group().toLowerCase(Locale.ROOT) : "";
    }

    private String below(Path file) {
        return root.relativize(file).toString();
    }

    /// @return such as `.heic, .txt`; empty if no file had another extension
    String extensions() {
        return extensions.keySet().stream()
                .map(extension -> extension.isEmpty() ? "no extension" : extension)
                .limit(SHOWN)
                .collect(Collectors.joining(", "));
    }

    /// @return number of images outside of class folders
    long looseImages() {
        return loose.values().stream().mapToLong(group -> group.files).sum();
    }

    /// @return the name of the first label file that was not used, or an empty text
    String firstTable() {
        return tables.first.isEmpty() ? "" : tables.first.getFirst();
    }

    Findings findings() {
        Findings.Collector findings = new Findings.Collector();
        loose.forEach((folder, group) -> findings.add(loose(folder, group)));
        extensions.entrySet().stream()
                .sorted(Comparator.comparing(entry -> -entry.getValue().files))
                .forEach(entry -> findings.add(unlisted(entry.getKey(), entry.getValue())));
        if (further.files > 0) {
            findings.add(finding(
                    FindingKind.UNLISTED_EXTENSION,
                    further,
                    "%s further extensions that are not read".formatted(files(further, "has", "have")),
                    "convert images to JPEG or PNG, and remove other files"));
        }
        if (tables.files > 0) {
            findings.add(finding(
                    FindingKind.METADATA_NOT_USED,
                    tables,
                    "%s, but only metadata.csv, metadata.jsonl or _classes.csv directly in the dataset's folder or in each split folder, or a train.csv without class folders, is used"
                            .formatted(files(tables, "seems to list images", "seem to list images")),
                    "merge them into one metadata.csv (file_name, label) in the dataset's folder, or remove them"));
        }
        return findings.all();
    }

    private static Finding loose(String folder, Group group) {
        String place = folder.isEmpty() ? "the dataset's folder" : folder + "/";
        String verb = group.files == 1 ? "image is" : "images are";
        return finding(
                FindingKind.LOOSE_IMAGES,
                group,
                "%,d %s in %s without a class".formatted(group.files, verb, place),
                "move them into class folders, or list them with their classes in a metadata.csv (file_name, label)");
    }

    private static Finding unlisted(String extension, Group group) {
        if (extension.isEmpty()) {
            return finding(
                    FindingKind.UNLISTED_EXTENSION,
                    group,
                    files(group, "has", "have") + " no extension",
                    "give images the extension of their format, such as .jpg, and remove other files");
        }
        return finding(
                FindingKind.UNLISTED_EXTENSION,
                group,
                "%s the extension %s, which is not read".formatted(files(group, "has", "have"), extension),
                OTHER_FORMATS.contains(extension)
                        ? "convert them to JPEG or PNG"
                        : "rename them if they are JPEG, PNG or another format that is read, convert other images, and remove other files");
    }

    private static String files(Group group, String one, String several) {
        return group.files == 1 ? "1 file " + one : "%,d files %s".formatted(group.files, several);
    }

    private static Finding finding(FindingKind kind, Group group, String detail, String remedy) {
        return Finding.detailed(kind, group.first, group.files, detail, remedy);
    }
}
