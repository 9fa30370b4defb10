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

/// One object of a specification. A field that cannot stand is refused and read as if it had been left
/// out, so that a user sees all that is wrong at once.
///
/// @param pointer where the object stands (RFC 6901)
/// @param errors what was refused so far, of the whole specification
record Fields(String pointer, JsonNode json, FieldErrors errors) {
    private static final long GREATEST_SEED = 0xffff_ffffL;
    private static final int SHOWN_CHARACTERS = 100;

    /// @param errors to be added to
    static Fields of(ObjectNode json, FieldErrors errors) {
        return new Fields("", json, errors);
    }

    /// @return a text that must be said; null where it was refused
    String string(String field, int characters) {
        String text = text(field, null);
        if (text != null && text.length() > characters) {
            addError(field, "is too long", "at most %,d characters".formatted(characters));
        }
        return text;
    }

    /// @param otherwise null: it must be said
    String text(String field, String otherwise) {
        JsonNode found = json.get(field);
        if (found == null && otherwise != null) {
            return otherwise;
        }
        if (found == null || !found.isTextual() || found.textValue().isBlank()) {
            addError(field, found == null ? "is missing" : "is no text", "say a text that is not blank");
            return otherwise;
        }
        return found.textValue();
    }

    /// @return one of an enum's constants, by their names in small letters
    <E extends Enum<E>> E choice(String field, E otherwise) {
        return choice(field, otherwise, constant -> constant.name().toLowerCase(Locale.ROOT));
    }

    /// @param wires what a constant is called here
    <E extends Enum<E>> E choice(String field, E otherwise, Function<E, String> wires) {
        JsonNode found = json.get(field);
        if (found == null) {
            return otherwise;
        }
        List<String> allowed = new ArrayList<>();
        for (E constant : otherwise.getDeclaringClass().getEnumConstants()) {
            String wire = wires.apply(constant);
            if (found.isTextual() && found.textValue().equals(wire)) {
                return constant;
            }
            allowed.add(wire);
        }
        addError(field, "is no choice", "one of " + String.join(", ", allowed));
        return otherwise;
    }

    /// @return from 0 to below 1
    double fraction(String field, double otherwise) {
        return number(field, otherwise, s -> s >= 0 && s < 1, "a share from 0 to below 1");
    }

    /// @return the field `seed`
    long seed() {
        return integer("seed", 42, s -> s >= 0 && s <= GREATEST_SEED, "a whole number from 0 to " + GREATEST_SEED);
    }

    /// @return from 1 to the most allowed
    long count(String field, long otherwise, long most) {
        return integer(field, otherwise, n -> n >= 1 && n <= most, "a whole number from 1 to " + most);
    }

    double number(String field, double otherwise, DoublePredicate allowed, String remedy) {
        JsonNode found = json.get(field);
        if (found == null) {
            return otherwise;
        }
        if (!found.isNumber() || !allowed.test(found.doubleValue())) {
            addError(field, found.isNumber() ? "is out of range" : "is no number", remedy);
            return otherwise;
        }
        return found.doubleValue();
    }

    long integer(String field, long otherwise, LongPredicate allowed, String remedy) {
        JsonNode found = json.get(field);
        if (found == null) {
            return otherwise;
        }
        boolean isWhole = found.isNumber() && found.canConvertToExactIntegral() && found.canConvertToLong();
        if (!isWhole || !allowed.test(found.longValue())) {
            addError(field, isWhole ? "is out of range" : "is no whole number", remedy);
            return otherwise;
        }
        return found.longValue();
    }

    /// @return the object of a field; an empty one where it is left out
    Fields object(String field) {
        JsonNode found = json.get(field);
        if (found != null && !found.isObject()) {
            addError(field, "is no object", "write it as {…}, or leave it out for the defaults");
        }
        return new Fields(
                pointer + "/" + field,
                found instanceof ObjectNode ? found : EventCodec.json().createObjectNode(),
                errors);
    }

    /// Refuses every field but these, with the nearest of them.
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
                        "is no field of a dataset-ready",
                        "did you mean '%s'? Known here: %s".formatted(nearest, String.join(", ", known)));
            }
        }
    }

    /// @param problem what is wrong with what was found
    /// @param remedy what is allowed
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

    /// Levenshtein's edit distance, letters compared without case.
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
