package io.peregrine.events.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// Type and range of a specification's field. What is read, what an error allows and the schema come from the
/// same numbers.
///
/// @param allowed allowed values, as errors and documents state them
/// @param schema allowed values as JSON Schema
/// @param reader reads a value
/// @param parser JSON of a text on the command line
public record FieldType<T>(String allowed, ObjectNode schema, Reader<T> reader, Function<String, JsonNode> parser) {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /// Reads a field's JSON.
    interface Reader<T> {
        /// @throws NotAllowedException if it is not an allowed value
        T read(JsonNode found) throws NotAllowedException;
    }

    FieldType(String allowed, ObjectNode schema, Reader<T> reader) {
        this(allowed, schema, reader, FieldType::parse);
    }

    /// @param most maximum number of characters
    static FieldType<String> text(int most) {
        ObjectNode schema = typed("string");
        schema.put("minLength", 1).put("maxLength", most);
        return new FieldType<>("a non-blank string of at most %,d characters".formatted(most), schema, found -> {
            if (!found.isTextual() || found.textValue().isBlank()) {
                throw new NotAllowedException("is not a string or is blank");
            }
            if (found.textValue().length() > most) {
                throw new NotAllowedException("is too long");
            }
            return found.textValue();
        });
    }

    /// @param allowed what the pattern allows, as a text
    static FieldType<String> pattern(String pattern, String problem, String allowed) {
        ObjectNode schema = typed("string");
        schema.put("pattern", "^(" + pattern + ")$");
        return new FieldType<>(allowed, schema, found -> {
            if (!found.isTextual() || !found.textValue().matches(pattern)) {
                throw new NotAllowedException(problem);
            }
            return found.textValue();
        });
    }

    /// Whole numbers.
    static FieldType<Long> whole(long min, long max) {
        return whole(min, max, 1);
    }

    /// Whole numbers that fit into an int.
    static FieldType<Integer> integer(int min, int max) {
        return integer(whole(min, max, 1));
    }

    /// Multiples of a number, within a range.
    static FieldType<Integer> multiple(int of, int min, int max) {
        return integer(whole(min, max, of));
    }

    private static FieldType<Integer> integer(FieldType<Long> type) {
        return new FieldType<>(
                type.allowed, type.schema, found -> type.reader.read(found).intValue());
    }

    private static FieldType<Long> whole(long min, long max, int step) {
        ObjectNode schema = typed("integer");
        schema.put("minimum", min).put("maximum", max);
        if (step > 1) {
            schema.put("multipleOf", step);
        }
        String kind = step > 1 ? "a multiple of " + step : "a whole number";
        return new FieldType<>("%s from %d to %d".formatted(kind, min, max), schema, found -> {
            if (!found.isNumber() || !found.canConvertToExactIntegral() || !found.canConvertToLong()) {
                throw new NotAllowedException("is not a whole number");
            }
            long number = found.longValue();
            if (number < min || number > max || number % step != 0) {
                throw new NotAllowedException("is out of range");
            }
            return number;
        });
    }

    /// Numbers from 0 to below 1.
    static FieldType<Double> share() {
        ObjectNode schema = typed("number");
        schema.put("minimum", 0).put("exclusiveMaximum", 1);
        return number("a number from 0 to below 1", schema, 0, Math.nextDown(1.0));
    }

    /// Numbers above 0.
    static FieldType<Double> positive(int max) {
        ObjectNode schema = typed("number");
        schema.put("exclusiveMinimum", 0).put("maximum", max);
        return number("a number above 0, at most " + max, schema, Double.MIN_VALUE, max);
    }

    /// Numbers from 0.
    static FieldType<Double> upTo(int max) {
        ObjectNode schema = typed("number");
        schema.put("minimum", 0).put("maximum", max);
        return number("a number from 0 to " + max, schema, 0, max);
    }

    /// Numbers from 0 without a maximum.
    static FieldType<Double> unlimited() {
        ObjectNode schema = typed("number");
        schema.put("minimum", 0);
        return number("a number of at least 0", schema, 0, Double.MAX_VALUE);
    }

    private static FieldType<Double> number(String allowed, ObjectNode schema, double min, double max) {
        return new FieldType<>(allowed, schema, found -> {
            if (!found.isNumber()) {
                throw new NotAllowedException("is not a number");
            }
            double number = found.doubleValue();
            if (!(number >= min && number <= max)) {
                throw new NotAllowedException("is out of range");
            }
            return number;
        });
    }

    /// One of some words.
    static FieldType<String> choice(String... words) {
        Map<String, String> byName = new LinkedHashMap<>();
        Arrays.stream(words).forEach(word -> byName.put(word, word));
        return choice(byName);
    }

    /// One of an enum's constants.
    ///
    /// @param jsonName name of a constant in this field
    static <E extends Enum<E>> FieldType<E> choice(Class<E> constants, Function<E, String> jsonName) {
        Map<String, E> byName = new LinkedHashMap<>();
        Arrays.stream(constants.getEnumConstants()).forEach(one -> byName.put(jsonName.apply(one), one));
        return choice(byName);
    }

    private static <T> FieldType<T> choice(Map<String, T> byName) {
        ObjectNode schema = JSON.objectNode();
        ArrayNode names = schema.putArray("enum");
        byName.keySet().forEach(names::add);
        return new FieldType<>("one of " + String.join(", ", byName.keySet()), schema, found -> {
            T value = found.isTextual() ? byName.get(found.textValue()) : null;
            if (value == null) {
                throw new NotAllowedException("is not allowed");
            }
            return value;
        });
    }

    static ObjectNode typed(String type) {
        return JSON.objectNode().put("type", type);
    }

    /// @return a number where the text is one, otherwise the text
    static JsonNode parse(String text) {
        if (text.matches("-?[0-9]{1,18}")) {
            return JSON.numberNode(Long.parseLong(text));
        }
        boolean isNumber = text.matches("-?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE]-?[0-9]+)?");
        return isNumber ? JSON.numberNode(Double.parseDouble(text)) : JSON.textNode(text);
    }
}
