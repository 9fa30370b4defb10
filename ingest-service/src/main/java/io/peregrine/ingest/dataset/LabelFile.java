package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.FailureException;
import io.peregrine.ingest.image.ImageRejectedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// A file that lists images and their classes: [Metadata] of Hugging Face's imagefolder, or a [LabelTable] of
/// Roboflow or Kaggle. It is opened with the same checks as images.
abstract sealed class LabelFile permits Metadata, LabelTable {
    /// One line.
    ///
    /// @param where file and line number, for messages
    /// @param file below the dataset's folder
    /// @param label null, if the line has none
    /// @param more the other columns, or null
    record Line(String where, Path file, String label, ObjectNode more) {}

    /// Limit of the file's size, since all its lines are kept in memory. A larger file is not a list of images.
    private static final long BYTES_MAX = 256 << 20;

    private static final int NAME_BYTES = 255;
    private static final int SHOWN = 200;

    private final Path root;
    private final Path file;
    private final String name;

    /// @param root the dataset's folder
    LabelFile(Path root, Path file) {
        this.root = root;
        this.file = file;
        this.name = root.relativize(file).toString();
    }

    /// @return its path below the dataset's folder
    final String name() {
        return name;
    }

    /// @return which column names an image and how, for messages; after reading, with the name that the file uses
    abstract String fileNameRule();

    /// @param in the file's content, which is UTF-8
    abstract void read(InputStream in, Consumer<Line> each) throws IOException;

    /// @throws FailureException INPUT with the line's number, if a line is invalid
    final void lines(AllowedRoots roots, Consumer<Line> each) {
        try {
            Path real = openable(roots);
            requireUtf8(real);
            try (InputStream in = Files.newInputStream(real)) {
                read(in, each);
            }
        } catch (IOException e) {
            throw FailureException.input(
                    "METADATA_UNREADABLE", "%s cannot be read (%s)".formatted(name, e.getMessage()));
        }
    }

    /// @throws IOException if it must not be opened, or is too large
    final Path openable(AllowedRoots roots) throws IOException {
        try {
            Path real = ImageFile.openable(file, roots);
            if (Files.size(real) > BYTES_MAX) {
                throw new IOException("it has %,d bytes; at most %,d are read".formatted(Files.size(real), BYTES_MAX));
            }
            return real;
        } catch (ImageRejectedException refused) {
            throw new IOException(refused.reason() + ": " + refused.getMessage());
        }
    }

    private void requireUtf8(Path real) throws IOException {
        try (InputStream in = Files.newInputStream(real)) {
            Optional<Utf8Check.Invalid> invalid = Utf8Check.firstInvalid(in);
            if (invalid.isPresent()) {
                throw FailureException.input(
                        "METADATA_BROKEN_LINE",
                        "line %d of %s cannot be read: it is not UTF-8 (byte %02X); save the whole file as UTF-8"
                                .formatted(
                                        invalid.get().line(),
                                        name,
                                        invalid.get().value()));
            }
        }
    }

    final Line line(long number, Path image, String label, ObjectNode more) {
        return new Line("line %d of %s".formatted(number, name), image, label, more.isEmpty() ? null : more);
    }

    /// The name of a class is also used as a folder name when the balanced set is exported.
    ///
    /// @return the label's text; null, if there is none
    final String label(JsonNode label, long number) {
        if (label == null || label.isNull()) {
            return null;
        }
        String text = label.isTextual() || label.isIntegralNumber() ? label.asText() : "";
        if (text.isBlank()
                || text.equals(".")
                || text.equals("..")
                || text.indexOf('/') >= 0
                || text.indexOf('\0') >= 0
                || text.getBytes(UTF_8).length > NAME_BYTES) {
            throw FailureException.input(
                    "METADATA_BAD_LABEL",
                    "line %d of %s has the label %s; a label is a whole number, or a text of at most %d bytes that could name a folder (without '/')"
                            .formatted(number, name, shown(label.toString()), NAME_BYTES));
        }
        return text;
    }

    /// Resolves paths as Hugging Face does, with Windows separators accepted.
    ///
    /// @param folder to which the path is relative; the file's own, or one below it
    /// @return the path below the dataset's folder
    final Path below(Path folder, String fileName, long number) {
        try {
            Path asked = Path.of(fileName.replace('\\', '/')).normalize();
            if (!asked.isAbsolute() && !asked.startsWith("..")) {
                return root.relativize(folder).resolve(asked);
            }
        } catch (InvalidPathException invalid) {
            throw broken(number, "'%s' is not a valid path".formatted(shown(fileName)));
        }
        throw FailureException.input(
                "METADATA_PATH_OUTSIDE",
                "line %d of %s names '%s', which is not below the folder of %s; it was not opened"
                        .formatted(number, name, shown(fileName), name));
    }

    final FailureException noFileName(long number, String column, Iterable<String> names, String suggestion) {
        return FailureException.input(
                "METADATA_NO_FILE_NAME",
                "line %d of %s has no text in a column '%s' (its columns: %s); each line must name an image by its path relative to this file%s"
                        .formatted(number, name, column, shown(String.join(", ", names)), suggestion));
    }

    final FailureException broken(long number, String why) {
        return FailureException.input(
                "METADATA_BROKEN_LINE",
                "line %d of %s cannot be read: %s; fix or remove the line".formatted(number, name, shown(why)));
    }

    static String shown(String text) {
        return text.codePointCount(0, text.length()) <= SHOWN
                ? text
                : text.substring(0, text.offsetByCodePoints(0, SHOWN)) + "…";
    }

    final Path folder() {
        return file.getParent();
    }
}
