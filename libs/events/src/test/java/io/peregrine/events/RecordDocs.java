package io.peregrine.events;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Reads the Javadoc of this library's records and enums, so that the contract's descriptions are written only
/// once, in the code.
final class RecordDocs {
    private static final Path SOURCES = Path.of("src/main/java/io/peregrine/events");

    /// @param text description of the type
    /// @param components descriptions of the components by name, from `@param`
    private record Doc(String text, Map<String, String> components) {}

    private static final Doc NONE = new Doc("", Map.of());

    private final Map<String, Map<String, Doc>> files = new HashMap<>();

    /// @return description of a type; empty if there is none
    String of(Class<?> type) {
        return doc(type).text();
    }

    /// @return description of a record's component; empty if there is none
    String of(Class<?> type, String component) {
        return doc(type).components().getOrDefault(component, "");
    }

    private Doc doc(Class<?> type) {
        if (type.getPackage() != RecordDocs.class.getPackage()) {
            return NONE;
        }
        Class<?> outermost = type;
        while (outermost.getEnclosingClass() != null) {
            outermost = outermost.getEnclosingClass();
        }
        return files.computeIfAbsent(outermost.getSimpleName(), RecordDocs::read)
                .getOrDefault(type.getSimpleName(), NONE);
    }

    private static Map<String, Doc> read(String file) {
        Map<String, Doc> docs = new HashMap<>();
        List<String> comment = new ArrayList<>();
        try {
            for (String raw : Files.readAllLines(SOURCES.resolve(file + ".java"))) {
                String line = raw.strip();
                if (line.startsWith("///")) {
                    comment.add(line.substring(3).strip());
                    continue;
                }
                String declared = line.replaceFirst("^(public |sealed |final |static )*(record|enum|interface) ", "");
                if (!declared.equals(line)) {
                    docs.put(declared.split("\\W", 2)[0], doc(comment));
                }
                comment.clear();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return docs;
    }

    private static Doc doc(List<String> comment) {
        Map<String, String> components = new HashMap<>();
        String[] paragraphs = comment.stream()
                .map(line -> line.startsWith("@param ") ? "\n\n" + line : line.isEmpty() ? "\n\n" : line)
                .collect(Collectors.joining(" "))
                .split("\\s*\n\\s*");
        List<String> text = new ArrayList<>();
        for (String paragraph : paragraphs) {
            if (paragraph.startsWith("@param ")) {
                String[] words = paragraph.split(" ", 3);
                components.put(words[1], words[2].strip());
            } else if (!paragraph.isBlank()) {
                text.add(paragraph.strip());
            }
        }
        return new Doc(String.join("\n\n", text), components);
    }
}
