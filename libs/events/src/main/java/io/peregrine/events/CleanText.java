package io.peregrine.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Makes untrusted text safe for events, rows and log lines. PostgreSQL cannot store zero characters, and UTF-8
/// has no unpaired surrogates: both become U+FFFD.
public final class CleanText {
    private static final char REPLACEMENT = '\ufffd';

    /// Space for "… (and 2,147,483,647 more characters)".
    private static final int COUNT_CHARACTERS = 40;

    private CleanText() {}

    /// @return the text with zero characters and unpaired surrogates replaced
    public static String of(String text) {
        int at = firstBad(text);
        if (at == text.length()) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text);
        for (; at < clean.length(); at++) {
            if (isBad(clean, at)) {
                clean.setCharAt(at, REPLACEMENT);
            } else if (Character.isHighSurrogate(clean.charAt(at))) {
                at++;
            }
        }
        return clean.toString();
    }

    /// @return the clean text, truncated after `most` characters and then ending in "…"
    public static String shortened(String text, int most) {
        return isLonger(text, most) ? first(text, most) + "…" : of(text);
    }

    /// Truncates a text and appends the number of omitted characters. Idempotent.
    ///
    /// @return the clean text with at most `most` characters
    public static String shortenedWithCount(String text, int most) {
        if (!isLonger(text, most)) {
            return of(text);
        }
        int kept = most - COUNT_CHARACTERS;
        return "%s… (and %,d more characters)"
                .formatted(first(text, kept), text.codePointCount(0, text.length()) - kept);
    }

    private static boolean isLonger(String text, int most) {
        return text.length() > most && text.codePointCount(0, text.length()) > most;
    }

    private static String first(String text, int characters) {
        return of(text.substring(0, text.offsetByCodePoints(0, characters)));
    }

    static boolean fits(String text, int bytes) {
        return text.length() <= bytes / 3 || text.getBytes(UTF_8).length <= bytes;
    }

    /// Cleans all strings and field names, in place.
    ///
    /// @return the same tree, or the replacement of a string
    static JsonNode cleaned(JsonNode json) {
        switch (json) {
            case TextNode text -> {
                String clean = of(text.textValue());
                return clean.equals(text.textValue()) ? text : TextNode.valueOf(clean);
            }
            case ArrayNode array -> {
                for (int i = 0; i < array.size(); i++) {
                    array.set(i, cleaned(array.get(i)));
                }
            }
            case ObjectNode object -> {
                List<String> unclean = new ArrayList<>();
                for (Map.Entry<String, JsonNode> field : object.properties()) {
                    field.setValue(cleaned(field.getValue()));
                    if (firstBad(field.getKey()) < field.getKey().length()) {
                        unclean.add(field.getKey());
                    }
                }
                unclean.forEach(name -> object.set(of(name), object.remove(name)));
            }
            default -> {
                // Numbers, booleans and null contain no text.
            }
        }
        return json;
    }

    /// @throws UnreadableEventException if a string contains half of a surrogate pair: replacing it could make
    ///     two names equal. Jackson refuses such field names itself
    static void requirePairs(JsonNode json) throws UnreadableEventException {
        if (json.isTextual()) {
            requirePairs(json.textValue());
        }
        for (JsonNode part : json) {
            requirePairs(part);
        }
    }

    private static void requirePairs(String text) throws UnreadableEventException {
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            int codePoint = text.codePointAt(at);
            if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                throw new UnreadableEventException(
                        UnreadableEventException.Kind.BAD_DATA,
                        "character %,d of the text '%s' is half of a surrogate pair; send text without it"
                                .formatted(at + 1, shortened(text, 100)));
            }
        }
    }

    private static int firstBad(String text) {
        int at = 0;
        while (at < text.length() && !isBad(text, at)) {
            at += Character.isHighSurrogate(text.charAt(at)) ? 2 : 1;
        }
        return Math.min(at, text.length());
    }

    /// @param at must not be the second half of a surrogate pair
    private static boolean isBad(CharSequence text, int at) {
        char character = text.charAt(at);
        if (Character.isHighSurrogate(character)) {
            return at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1));
        }
        return character == 0 || Character.isLowSurrogate(character);
    }
}
