package io.peregrine.cluster.postgres;

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

    /// A cursor that this service did not issue.
    @SuppressWarnings("serial")
    public static final class InvalidCursorException extends RuntimeException {
        InvalidCursorException(String text) {
            super("'%s' is not a cursor of this address".formatted(text));
        }
    }

    /// @param key the item's sort key, in the order of the sort
    static Cursor after(Object... key) {
        return new Cursor(Arrays.stream(key).map(Object::toString).toList());
    }

    /// @param text text that [#text] returned, or null for the first page
    /// @return null for the first page
    public static Cursor parse(String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            String joined = new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8);
            return new Cursor(Arrays.asList(joined.split(String.valueOf(SEPARATOR), -1)));
        } catch (IllegalArgumentException e) {
            throw new InvalidCursorException(text);
        }
    }

    /// @return the cursor for a URL
    public String text() {
        String joined = key.stream().collect(Collectors.joining(String.valueOf(SEPARATOR)));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(joined.getBytes(StandardCharsets.UTF_8));
    }

    Instant time(int place) {
        try {
            Instant time = Instant.parse(part(place));
            if (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST)) {
                throw new InvalidCursorException(text());
            }
            return time;
        } catch (DateTimeException e) {
            throw new InvalidCursorException(text());
        }
    }

    long number(int place) {
        try {
            return Long.parseLong(part(place));
        } catch (NumberFormatException e) {
            throw new InvalidCursorException(text());
        }
    }

    double real(int place) {
        try {
            return Double.parseDouble(part(place));
        } catch (NumberFormatException e) {
            throw new InvalidCursorException(text());
        }
    }

    String part(int place) {
        if (place >= key.size() || key.get(place).indexOf('\0') >= 0) {
            throw new InvalidCursorException(text());
        }
        return key.get(place);
    }
}
