package io.peregrine.ingest.pack;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import java.io.BufferedReader;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A `metadata.csv` or `metadata.jsonl` in the format of Hugging Face's imagefolder. Each line has a file name,
/// may have a class, and may have more columns.
final class Metadata {
    static final String FILE_NAME = "file_name";
    static final String LABEL = "label";

    /// One line.
    ///
    /// @param where file and line number, for messages
    /// @param file below the dataset's folder
    /// @param label null, if the line has none
    /// @param more the other columns, or null
    record Line(String where, Path file, String label, ObjectNode more) {}

    private static final List<String> NAMES = List.of("metadata.csv", "metadata.jsonl");
    /// Limit of the file's size, since all its lines are kept in memory. A larger file is not a list of images.
    private static final long BYTES_MAX = 256 << 20;

    private static final int NAME_BYTES = 255;
    private static final int SHOWN = 200;

    private static final ObjectReader CSV = new CsvMapper()
            .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
            .enable(CsvParser.Feature.FAIL_ON_MISSING_COLUMNS)
            .readerFor(ObjectNode.class)
            .with(CsvSchema.emptySchema().withHeader());
    private static final ObjectReader JSON =
            EventCodec.json().reader().with(StreamReadFeature.STRICT_DUPLICATE_DETECTION);

    private final Path root;
    private final Path file;
    private final String name;

    private Metadata(Path root, Path file) {
        this.root = root;
        this.file = file;
        this.name = root.relativize(file).toString();
    }

    /// @param root the dataset's folder
    /// @param folder the root, or a split folder in it
    /// @return the folder's metadata, if it has one
    /// @throws FailureException INPUT if it has two
    static Optional<Metadata> in(Path root, Path folder) {
        List<Metadata> found = NAMES.stream()
                .map(folder::resolve)
                .filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS))
                .map(file -> new Metadata(root, file))
                .toList();
        if (found.size() > 1) {
            throw FailureException.input(
                    "METADATA_TWICE",
                    "%s and %s are in the same folder; keep one of them"
                            .formatted(found.getFirst().name, found.getLast().name));
        }
        return found.stream().findFirst();
    }

    /// @return its path below the dataset's folder
    String name() {
        return name;
    }

    /// @throws FailureException INPUT with the line's number, if a line is invalid
    void lines(AllowedRoots roots, Consumer<Line> each) {
        try (InputStream in = Files.newInputStream(openable(roots))) {
            if (name.endsWith(".csv")) {
                csv(in, each);
            } else {
                json(in, each);
            }
        } catch (IOException e) {
            throw FailureException.input(
                    "METADATA_UNREADABLE", "%s cannot be read (%s)".formatted(name, e.getMessage()));
        }
    }

    private Path openable(AllowedRoots roots) throws IOException {
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

    private void csv(InputStream in, Consumer<Line> each) throws IOException {
        long number = 1;
        try (MappingIterator<ObjectNode> rows = CSV.readValues(in)) {
            while (rows.hasNextValue()) {
                ObjectNode columns = rows.nextValue();
                number = rows.getParser().currentTokenLocation().getLineNr();
                each.accept(line(columns, number));
            }
        } catch (JsonProcessingException e) {
            long at = e.getLocation() == null ? number : e.getLocation().getLineNr();
            throw broken(Math.max(at, number), e.getOriginalMessage());
        } catch (CharConversionException e) {
            throw broken(number, "it is not UTF-8");
        }
    }

    private void json(InputStream in, Consumer<Line> each) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, UTF_8.newDecoder()));
        long number = 0;
        try {
            for (String text = lines.readLine(); text != null; text = lines.readLine()) {
                number++;
                String json = number == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text;
                if (!json.isBlank()) {
                    JsonNode node = JSON.readTree(json);
                    if (!(node instanceof ObjectNode object)) {
                        throw broken(number, "it is not a JSON object");
                    }
                    each.accept(line(object, number));
                }
            }
        } catch (JsonProcessingException e) {
            throw broken(number, e.getOriginalMessage());
        } catch (CharacterCodingException e) {
            throw broken(number + 1, "it is not UTF-8");
        }
    }

    private Line line(ObjectNode columns, long number) {
        if (!UTF_8.newEncoder().canEncode(columns.toString())) {
            throw broken(number, "it contains an unpaired surrogate, which is not valid text");
        }
        String names = String.join(", ", (Iterable<String>) columns::fieldNames);
        JsonNode fileName = columns.remove(FILE_NAME);
        if (fileName == null || !fileName.isTextual() || fileName.textValue().isEmpty()) {
            throw FailureException.input(
                    "METADATA_NO_FILE_NAME",
                    "line %d of %s has no text in a column '%s' (its columns: %s); each line must name an image by its path relative to this file"
                            .formatted(number, name, FILE_NAME, shown(names)));
        }
        String label = label(columns.remove(LABEL), number);
        Path image = image(fileName.textValue(), number);
        return new Line("line %d of %s".formatted(number, name), image, label, columns.isEmpty() ? null : columns);
    }

    /// The name of a class is also used as a folder name when the balanced set is exported.
    private String label(JsonNode label, long number) {
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

    /// Resolves paths as Hugging Face does: relative to the folder of the metadata file, with Windows separators
    /// accepted.
    private Path image(String fileName, long number) {
        try {
            Path asked = Path.of(fileName.replace('\\', '/')).normalize();
            if (!asked.isAbsolute() && !asked.startsWith("..")) {
                return root.relativize(file.getParent()).resolve(asked);
            }
        } catch (InvalidPathException invalid) {
            throw broken(number, "'%s' is not a valid path".formatted(shown(fileName)));
        }
        throw FailureException.input(
                "METADATA_PATH_OUTSIDE",
                "line %d of %s names '%s', which is not below the folder of %s; it was not opened"
                        .formatted(number, name, shown(fileName), name));
    }

    private FailureException broken(long number, String why) {
        return FailureException.input(
                "METADATA_BROKEN_LINE",
                "line %d of %s cannot be read: %s; fix or remove the line".formatted(number, name, shown(why)));
    }

    private static String shown(String text) {
        return text.codePointCount(0, text.length()) <= SHOWN
                ? text
                : text.substring(0, text.offsetByCodePoints(0, SHOWN)) + "…";
    }
}
