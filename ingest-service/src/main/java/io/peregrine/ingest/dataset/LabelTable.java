package io.peregrine.ingest.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// A CSV file with the class of each image, as Roboflow and Kaggle write it: a column with the image's name, with
/// or without extension, and either a column with its class, or a column for each class that has 1 in the rows of
/// its images and 0 in the others. An image has exactly one class.
final class LabelTable extends LabelFile {
    /// Roboflow's name for a file with a column for each class.
    static final String ROBOFLOW = "_classes.csv";

    private static final List<String> IMAGE_COLUMNS = List.of(
            "filename",
            "imageid",
            "image",
            "imagename",
            "imagefile",
            "file",
            "imagepath",
            "path",
            "filepath",
            "img",
            "idcode",
            "id");
    private static final List<String> CLASS_COLUMNS =
            List.of("label", "class", "classname", "labelname", "labels", "category", "target");

    private final Path images;
    private final boolean hasClassColumns;
    private final FolderWalk walk;
    private final Set<Path> files = new HashSet<>();
    private final Map<String, List<Path>> withoutExtension = new HashMap<>();
    private Columns columns;

    /// The columns that are used, found once for all rows.
    ///
    /// @param image names the image; empty if no column does
    /// @param label has the class; empty if each class has a column
    private record Columns(List<String> names, Optional<String> image, Optional<String> label) {
        static Columns of(List<String> names, boolean hasClassColumns) {
            Optional<String> image = ColumnNames.find(names, IMAGE_COLUMNS);
            return new Columns(
                    names,
                    image,
                    hasClassColumns ? Optional.empty() : image.flatMap(found -> classColumn(names, found)));
        }

        private static Optional<String> classColumn(List<String> names, String image) {
            Optional<String> named = ColumnNames.find(names, CLASS_COLUMNS);
            return named.isEmpty() && names.size() == 2
                    ? names.stream().filter(name -> !name.equals(image)).findFirst()
                    : named;
        }
    }

    private LabelTable(Path root, Path file, Path images, boolean hasClassColumns, FolderWalk walk) {
        super(root, file);
        this.images = images;
        this.hasClassColumns = hasClassColumns;
        this.walk = walk;
    }

    /// @param file a `_classes.csv`, next to its images
    static LabelTable roboflow(Path root, Path file, FolderWalk walk) {
        return new LabelTable(root, file, file.getParent(), true, walk);
    }

    /// @param file such as `train.csv`
    /// @param images folder of its images
    static LabelTable kaggle(Path root, Path file, Path images, FolderWalk walk) {
        return new LabelTable(root, file, images, false, walk);
    }

    /// @return names of the columns; empty if they cannot be read
    Set<String> columns(AllowedRoots roots) {
        try (InputStream in = Files.newInputStream(openable(roots))) {
            return new HashSet<>(CsvRows.columns(in));
        } catch (IOException unreadable) {
            return Set.of();
        }
    }

    @Override
    void read(InputStream in, Consumer<Line> each) throws IOException {
        walk.files(images, file -> {
            Path below = images.relativize(file);
            files.add(below);
            if (ByFolder.isImage(file.getFileName().toString())) {
                withoutExtension
                        .computeIfAbsent(stem(below.toString()), stem -> new ArrayList<>())
                        .add(below);
            }
        });
        CsvRows.read(in, this::broken, (names, row, number) -> {
            if (columns == null) {
                columns = Columns.of(names, hasClassColumns);
            }
            each.accept(line(row, number));
        });
    }

    private static String stem(String path) {
        return path.substring(0, path.lastIndexOf('.'));
    }

    private Line line(ObjectNode row, long number) {
        JsonNode image = columns.image().map(row::remove).orElse(null);
        if (image == null || image.asText().isBlank()) {
            throw noFileName(number, imageColumn(), columns.names(), "");
        }
        JsonNode label = columns.label().map(row::remove).orElseGet(() -> marked(row, image.asText(), number));
        return line(number, image(image.asText(), number), label(label, number), row);
    }

    /// @return the usual name if the file has no such column or was not read
    private String imageColumn() {
        return columns == null ? IMAGE_COLUMNS.getFirst() : columns.image().orElse(IMAGE_COLUMNS.getFirst());
    }

    @Override
    String fileNameRule() {
        return "'%s' must be the name of an image in the folder %s, with or without its extension"
                .formatted(imageColumn(), images);
    }

    /// Takes the columns of the classes out of a row.
    ///
    /// @return the name of the only column with 1
    private JsonNode marked(ObjectNode row, String image, long number) {
        List<String> marked = new ArrayList<>();
        row.properties().forEach(column -> {
            String value = column.getValue().asText().strip();
            if (value.equals("1") || value.equals("1.0")) {
                marked.add(column.getKey());
            } else if (!value.equals("0") && !value.equals("0.0")) {
                throw FailureException.input(
                        "METADATA_NO_LABEL",
                        "line %d of %s has '%s' in the column '%s'; give the file a column 'label' with the class of each image, or a column for each class with 1 or 0"
                                .formatted(number, name(), shown(value), shown(column.getKey())));
            }
        });
        if (marked.size() != 1) {
            throw FailureException.input(
                    "METADATA_BAD_LABEL",
                    "line %d of %s gives the image %s %s; an image has exactly one class: leave 1 in one of its columns, or remove the line"
                            .formatted(
                                    number,
                                    name(),
                                    shown(image),
                                    marked.isEmpty()
                                            ? "no class"
                                            : "%d classes (%s)"
                                                    .formatted(marked.size(), shown(String.join(", ", marked)))));
        }
        row.removeAll();
        return TextNode.valueOf(marked.getFirst());
    }

    /// @param image a path below the folder of the images or below the dataset's folder, or one without extension
    private Path image(String image, long number) {
        Path asked = below(images, image.strip(), number);
        Path folder = below(images, "", number);
        Path inFolder = folder.toString().isEmpty() ? asked : folder.relativize(asked);
        if (files.contains(inFolder)) {
            return asked;
        }
        // Some tables name the folder of the images too.
        if (!folder.toString().isEmpty()
                && inFolder.startsWith(folder)
                && files.contains(folder.relativize(inFolder))) {
            return inFolder;
        }
        List<Path> found = withoutExtension.getOrDefault(inFolder.toString(), List.of());
        if (found.size() > 1) {
            throw broken(
                    number,
                    "'%s' may be %s or %s; write the name with its extension"
                            .formatted(shown(image), found.getFirst(), found.get(1)));
        }
        return found.isEmpty() ? asked : folder.resolve(found.getFirst());
    }
}
