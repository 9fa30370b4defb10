package io.peregrine.ingest.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.peregrine.events.FailureException;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;

/// Reads a CSV file with a header line. Quotes are doubled inside quotes; blank lines are skipped.
final class CsvRows {
    private static final ObjectReader CSV = new CsvMapper()
            .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
            .enable(CsvParser.Feature.FAIL_ON_MISSING_COLUMNS)
            .readerFor(ObjectNode.class)
            .with(CsvSchema.emptySchema().withHeader());

    /// Called for each row.
    @FunctionalInterface
    interface Each {
        /// @param names of all columns, trimmed
        /// @param row its texts by column
        /// @param line in which the row begins, from 1; the header is line 1
        void accept(List<String> names, ObjectNode row, long line);
    }

    private CsvRows() {}

    /// @param in UTF-8, with or without a byte order mark
    /// @param broken makes the exception for a line and a reason
    static void read(InputStream in, BiFunction<Long, String, FailureException> broken, Each each) throws IOException {
        long line = 1;
        int columns = 0;
        try (MappingIterator<ObjectNode> rows = CSV.readValues(in)) {
            List<String> names = List.of();
            while (rows.hasNextValue()) {
                if (names.isEmpty()) {
                    names = columns((CsvParser) rows.getParser());
                    columns = names.size();
                    rejectRepeated(names, broken);
                }
                line = rows.getParser().currentLocation().getLineNr();
                each.accept(names, rows.nextValue(), line);
            }
        } catch (JsonProcessingException e) {
            throw broken.apply(line, reason(e.getOriginalMessage(), columns));
        }
    }

    /// @return names of the columns, trimmed; empty if the file has no rows or is not CSV
    static List<String> columns(InputStream in) throws IOException {
        try (MappingIterator<ObjectNode> rows = CSV.readValues(in)) {
            return rows.hasNextValue() ? columns((CsvParser) rows.getParser()) : List.of();
        } catch (JsonProcessingException | CharConversionException notCsv) {
            return List.of();
        }
    }

    private static List<String> columns(CsvParser parser) {
        List<String> names = new ArrayList<>();
        parser.getSchema().forEach(column -> names.add(column.getName()));
        return names;
    }

    private static void rejectRepeated(List<String> names, BiFunction<Long, String, FailureException> broken) {
        Set<String> before = new HashSet<>();
        for (String name : names) {
            if (!before.add(name)) {
                throw broken.apply(1L, "the header has the column '%s' twice".formatted(name));
            }
        }
    }

    /// The reason in the words of this service. The parser's words name its classes and switches.
    private static String reason(String message, int columns) {
        if (message.startsWith("Too many entries")) {
            return "it has more columns than the header, which has " + columns;
        }
        if (message.startsWith("Not enough column values")) {
            return "it has fewer columns than the header, which has " + columns;
        }
        if (message.startsWith("Missing closing quote")) {
            return "a quote in it is never closed";
        }
        return message.startsWith("Empty header")
                ? "the file is empty; its first line must be the names of the columns"
                : "it is not CSV; quote a text that contains quotes, commas or line breaks, and double its quotes";
    }
}
