package io.peregrine.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The variable `PEREGRINE_ROOTS`: one absolute folder, or a JSON list of them. A separator such as a colon or a
/// comma may itself be part of a folder's name.
final class IngestRoots {
    private IngestRoots() {}

    /// @param value such as `/data` or `["/data","/more"]`
    /// @throws IllegalArgumentException if it is neither, or a folder is not absolute
    static List<Path> read(String value) {
        if (value.startsWith("/")) {
            return List.of(Path.of(value));
        }
        try {
            List<Path> roots = Stream.of(EventCodec.json().readValue(value, String[].class))
                    .map(Path::of)
                    .toList();
            if (roots.stream().allMatch(Path::isAbsolute)) {
                return roots;
            }
        } catch (JsonProcessingException | InvalidPathException | NullPointerException invalid) {
            // The message below applies.
        }
        throw new IllegalArgumentException(
                "PEREGRINE_ROOTS is '%s'; it must be one absolute folder, or a JSON list of absolute folders such as [\"/data\",\"/more\"]"
                        .formatted(value));
    }
}
