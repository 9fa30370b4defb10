package io.peregrine.launcher;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;

/// Value of the variable `PEREGRINE_ROOTS`, with which ingest-service gets the folders that runs may read: a JSON
/// list. A separator such as a colon or a comma may itself be part of a folder's name.
final class RootsSetting {
    /// ASCII, so that no locale changes it.
    private static final JsonFactory JSON =
            JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private RootsSetting() {}

    static String of(Collection<Path> roots) {
        StringWriter list = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(list)) {
            json.writeStartArray();
            for (Path root : roots) {
                json.writeString(root.toString());
            }
            json.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // In a value of the configuration ${…} is an expression.
        return list.toString().replace("$", "\\u0024");
    }
}
