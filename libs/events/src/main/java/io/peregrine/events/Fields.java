package io.peregrine.events;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.function.LongPredicate;

/// One JSON object of a specification. An invalid field is reported and then treated as absent, so that the user
/// sees all errors at once.
///
/// @param pointer location of the object (RFC 6901)
/// @param errors all errors of the specification so far
record Fields(String pointer, JsonNode json, FieldErrors errors) {
    private static final long GREATEST_SEED = 0xffff_ffffL;
    private static final int SHOWN_CHARACTERS = 100;

    /// @param errors receives the errors
    static Fields of(ObjectNode json, FieldErrors errors) {
        return new Fields("", json, errors);
    }

    /// @return a required string; null if it is invalid
    String string(String field, int characters) {
        String text = text(field, null);
        if (text != null && text.length() > characters) {
            addError(field, "is too long", "at most %,d characters".formatted(characters));
        }
        return text;
    }

    /// @param defaultValue null if the field is required
    String text(String field, String defaultValue) {
        JsonNode found = json.get(field);
        if (found == null && defaultValue != null) {
            return defaultValue;
        }
        if (found == null || !found.isTextual() || found.textValue().isBlank()) {
            addError(field, found == null ? "is missing" : "is not a string or is blank", "a non-blank string");
            return defaultValue;
        }
        return found.textValue();
    }

    /// @return one of an enum's constants, by lower-case name
    <E extends Enum<E>> E choice(String field, E defaultValue) {
        return choice(field, defaultValue, constant -> constant.name().toLowerCase(Locale.ROOT));
    }

    /// @param jsonName name of a constant in this field
    <E extends Enum<E>> E choice(String field, E defaultValue, Function<E, String> jsonName) {
        JsonNode found = json.get(field);
        if (found == null) {
            return defaultValue;
        }
        List<String> allowed = new ArrayList<>();
        for (E constant : defaultValue.getDeclaringClass().getEnumConstants()) {
            String name = jsonName.apply(constant);
            if (found.isTextual() && found.textValue().equals(name)) {
                return constant;
            }
            allowed.add(name);
        }
        addError(field, "is not allowed", "one of " + String.join(", ", allowed));
        return defaultValue;
    }

    /// @return a number from 0 to below 1
    double fraction(String field, double defaultValue) {
        return number(field, defaultValue, s -> s >= 0 && s < 1, "a share from 0 to below 1");
    }

    /// @return the value of field `seed`
    long seed() {
        return integer("seed", 42, s -> s >= 0 && s <= GREATEST_SEED, "a whole number from 0 to " + GREATEST_SEED);
    }

    /// @return a count from 1 to the maximum
    long count(String field, long defaultValue, long most) {
        return integer(field, defaultValue, n -> n >= 1 && n <= most, "a whole number from 1 to " + most);
    }

    double number(String field, double defaultValue, DoublePredicate allowed, String remedy) {
        JsonNode found = json.get(field);
        if (found == null) {
            return defaultValue;
        }
        if (!found.isNumber() || !allowed.test(found.doubleValue())) {
            addError(field, found.isNumber() ? "is out of range" : "is not a number", remedy);
            return defaultValue;
        }
        return found.doubleValue();
    }

    long integer(String field, long defaultValue, LongPredicate allowed, String remedy) {
        JsonNode found = json.get(field);
        if (found == null) {
            return defaultValue;
        }
        boolean isWhole = found.isNumber() && found.canConvertToExactIntegral() && found.canConvertToLong();
        if (!isWhole || !allowed.test(found.longValue())) {
            addError(field, isWhole ? "is out of range" : "is not a whole number", remedy);
            return defaultValue;
        }
        return found.longValue();
    }

    /// @return the object of a field; an empty object if the field is absent
    Fields object(String field) {
        JsonNode found = json.get(field);
        if (found != null && !found.isObject()) {
            addError(field, "is not an object", "an object {…}, or omit the field to use the defaults");
        }
        return new Fields(
                pointer + "/" + field,
                found instanceof ObjectNode ? found : EventCodec.json().createObjectNode(),
                errors);
    }

    /// Rejects unknown fields and suggests the most similar known field.
    void rejectUnknownFields(String... known) {
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            String name = entry.getKey();
            if (!List.of(known).contains(name)) {
                if (errors.isFull()) {
                    addError(name, "", "");
                    continue;
                }
                String nearest = List.of(known).stream()
                        .min(Comparator.comparingInt(k -> distance(k, name)))
                        .orElseThrow();
                addError(
                        name,
                        "is not a field of dataset-ready",
                        "did you mean '%s'? Allowed here: %s".formatted(nearest, String.join(", ", known)));
            }
        }
    }

    /// @param problem what is wrong with the value
    /// @param remedy which values are allowed
    void addError(String field, String problem, String remedy) {
        JsonNode found = errors.isFull() ? null : json.get(field);
        String shown = found == null ? "nothing" : found.toString();
        String place = pointer + "/" + field.replace("~", "~0").replace("/", "~1");
        errors.add(new FieldError(
                CleanText.shortened(place, SHOWN_CHARACTERS),
                CleanText.shortened(shown, SHOWN_CHARACTERS),
                problem,
                remedy));
    }

    /// Levenshtein's edit distance, ignoring case.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
                int change = diagonal + (same ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
