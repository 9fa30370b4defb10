package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A `metadata.csv` or `metadata.jsonl` in the format of Hugging Face's imagefolder. Each line has a file name,
/// may have a class, and may have more columns.
final class Metadata extends LabelFile {
    static final String FILE_NAME = "file_name";
    static final String LABEL = "label";
    static final List<String> NAMES = List.of("metadata.csv", "metadata.jsonl");

    private static final ObjectReader JSON =
            EventCodec.json().reader().with(StreamReadFeature.STRICT_DUPLICATE_DETECTION);

    /// @param root the dataset's folder
    Metadata(Path root, Path file) {
        super(root, file);
    }

    @Override
    void read(InputStream in, Consumer<Line> each) throws IOException {
        if (name().endsWith(".csv")) {
            CsvRows.read(in, this::broken, (names, row, number) -> each.accept(line(row, number)));
        } else {
            json(in, each);
        }
    }

    @Override
    String fileNameRule() {
        return "'%s' must be a path relative to the folder of the metadata file".formatted(FILE_NAME);
    }

    private void json(InputStream in, Consumer<Line> each) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, UTF_8));
        long number = 0;
        for (String text = lines.readLine(); text != null; text = lines.readLine()) {
            number++;
            String json = number == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text;
            if (!json.isBlank()) {
                each.accept(line(object(json, number), number));
            }
        }
    }

    private ObjectNode object(String json, long number) {
        if (json.stripLeading().startsWith("[")) {
            throw broken(
                    number,
                    "it is not a JSON object but the start of an array; write one object in each line, without brackets and commas between them");
        }
        try {
            JsonNode node = JSON.readTree(json);
            if (node instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw broken(number, reason(e));
        }
        throw broken(number, "it is not a JSON object");
    }

    /// The reason in the words of this service. The parser's words name its classes and switches.
    private static String reason(JsonProcessingException e) {
        if (e.getOriginalMessage().startsWith("Duplicate field")) {
            return "a field occurs twice in the object";
        }
        if (e instanceof com.fasterxml.jackson.core.io.JsonEOFException) {
            return "the object does not end in this line; write each object in one line";
        }
        return "it is not valid JSON at column %d (JSON has neither NaN nor Infinity: write null)"
                .formatted(e.getLocation() == null ? 1 : e.getLocation().getColumnNr());
    }

    private Line line(ObjectNode columns, long number) {
        if (!UTF_8.newEncoder().canEncode(columns.toString())) {
            throw broken(number, "it contains an unpaired surrogate, which is not valid text");
        }
        List<String> names = new ArrayList<>();
        columns.fieldNames().forEachRemaining(names::add);
        JsonNode fileName = columns.remove(FILE_NAME);
        if (fileName == null || !fileName.isTextual() || fileName.textValue().isEmpty()) {
            throw noFileName(number, FILE_NAME, names, fileName == null ? ColumnNames.FILE.suggestion(names) : "");
        }
        String label = label(columns.remove(LABEL), number);
        Path image = below(folder(), fileName.textValue(), number);
        return line(number, image, label, columns);
    }
}
