package io.peregrine.events.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import java.util.ArrayList;
import java.util.List;

/// One field of a specification: a row of the table [SpecFields].
///
/// @param group object that holds the field
/// @param type type and range
/// @param omitted value of an omitted field; null: the field is required
/// @param description meaning, in Markdown, without a period
/// @param option option of the command line that sets the field; null: none
public record SpecField<T>(
        SpecGroup group, String name, FieldType<T> type, Default<T> omitted, String description, SpecOption option) {
    /// Value of an omitted field.
    ///
    /// @param value null: the field then has no value
    /// @param absence what applies instead of a value; null if there is a value
    /// @param cases exceptions; the first one that applies is used
    public record Default<T>(T value, String absence, List<Case<T>> cases) {}

    /// An exception to a default: another field has this value.
    ///
    /// @param field a field before this one in the table
    /// @param value default in this case
    public record Case<T>(SpecField<?> field, Object equal, T value) {}

    /// @return the same field with an exception to its default, if that is another value
    <V> SpecField<T> where(SpecField<V> other, V equal, T value) {
        if (value.equals(omitted.value())) {
            return this;
        }
        List<Case<T>> cases = new ArrayList<>(omitted.cases());
        cases.add(new Case<>(other, equal, value));
        return new SpecField<>(
                group, name, type, new Default<>(omitted.value(), omitted.absence(), cases), description, option);
    }

    /// @return the same field with an option of the command line
    SpecField<T> option(SpecOption other) {
        return new SpecField<>(group, name, type, omitted, description, other);
    }

    /// @return the same field with an option of its own
    SpecField<T> option(String option, String label) {
        return option(new SpecOption(option, label, description));
    }

    /// @return the field with its object, such as `split.test`
    public String path() {
        return group.isRoot() ? name : group.name() + "." + name;
    }

    public boolean isRequired() {
        return omitted == null;
    }

    /// @return the default as text, without exceptions; for a field without a default, what applies instead
    public String defaultText() {
        return omitted.value() == null ? omitted.absence() : text(omitted.value());
    }

    /// @return a value as text: JSON, and words without quotation marks
    static String text(Object value) {
        JsonNode json = json(value);
        return json.isTextual() ? json.textValue() : json.toString();
    }

    /// Writes the field into a specification.
    ///
    /// @param specification whole specification as JSON
    /// @param value as on the command line; whether it is allowed is checked when the specification is read
    public void set(ObjectNode specification, String value) {
        ObjectNode object = group.isRoot() ? specification : specification.withObjectProperty(group.name());
        object.set(name, type.parser().apply(value));
    }

    /// @return value of the field if it is omitted
    T defaultIn(SpecValues values) {
        for (Case<T> one : omitted.cases()) {
            if (one.equal().equals(values.get(one.field()))) {
                return one.value();
            }
        }
        return omitted.value();
    }

    /// @return a value as JSON; whole numbers without decimals
    static JsonNode json(Object value) {
        boolean isWhole = value instanceof Double number && number == Math.rint(number);
        return EventCodec.json().valueToTree(isWhole ? (Object) ((Double) value).longValue() : value);
    }
}
