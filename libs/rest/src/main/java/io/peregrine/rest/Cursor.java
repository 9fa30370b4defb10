package io.peregrine.rest;

import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/// The end of a page: the sort key of its last item, opaque to callers. Paging stays correct while rows are
/// added.
public record Cursor(List<String> key) {
    private static final char SEPARATOR = '\n';
    /// No event of this pipeline is later; the database's time range ends before Java's.
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

    /// @param key the item's sort key, in the order of the sort
    public static Cursor after(Object... key) {
        return new Cursor(Arrays.stream(key).map(Object::toString).toList());
    }

    /// @param text text that [#text] returned, or null for the first page
    /// @return null for the first page
    /// @throws Problem.ProblemException `BAD_CURSOR`, here and below, for a cursor that this service did not
    ///     issue
    public static Cursor parse(String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        Cursor cursor;
        try {
            String joined = new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8);
            cursor = new Cursor(Arrays.asList(joined.split(String.valueOf(SEPARATOR), -1)));
        } catch (IllegalArgumentException e) {
            throw invalid(text);
        }
        // Base64 and UTF-8 decode more than they encode.
        if (!cursor.text().equals(text)) {
            throw invalid(text);
        }
        return cursor;
    }

    /// @return the cursor for a URL
    public String text() {
        String joined = key.stream().collect(Collectors.joining(String.valueOf(SEPARATOR)));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(joined.getBytes(StandardCharsets.UTF_8));
    }

    /// @return the part at this place of the key, as a time
    public Instant time(int place) {
        try {
            Instant time = Instant.parse(part(place));
            if (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST)) {
                throw invalid(text());
            }
            return time;
        } catch (DateTimeException e) {
            throw invalid(text());
        }
    }

    /// @return the part at this place of the key, as an integer
    public long number(int place) {
        try {
            return Long.parseLong(part(place));
        } catch (NumberFormatException e) {
            throw invalid(text());
        }
    }

    /// @return the part at this place of the key
    public double real(int place) {
        try {
            return Double.parseDouble(part(place));
        } catch (NumberFormatException e) {
            throw invalid(text());
        }
    }

    /// @return the part at this place of the key
    public String part(int place) {
        if (place >= key.size() || key.get(place).indexOf('\0') >= 0) {
            throw invalid(text());
        }
        return key.get(place);
    }

    private static Problem.ProblemException invalid(String text) {
        return Problem.of(GeneralProblem.BAD_CURSOR, "The cursor '%s' is not valid.".formatted(text));
    }
}
