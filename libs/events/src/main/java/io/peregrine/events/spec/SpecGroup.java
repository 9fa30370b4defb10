package io.peregrine.events.spec;

import io.peregrine.events.spec.SpecField.Default;
import java.util.List;

/// An object in a specification, such as `split`, or the specification itself.
///
/// @param name empty for the specification itself
/// @param description what its fields define
public record SpecGroup(String name, String description) {
    boolean isRoot() {
        return name.isEmpty();
    }

    /// @return a field of this object that may be omitted
    <T> SpecField<T> field(String field, FieldType<T> type, T defaultValue, String meaning) {
        return new SpecField<>(this, field, type, new Default<>(defaultValue, null, List.of()), meaning, null);
    }

    /// @param absence what applies if the field is omitted
    /// @return a field of this object that has no default
    <T> SpecField<T> optional(String field, FieldType<T> type, String absence, String meaning) {
        return new SpecField<>(this, field, type, new Default<>(null, absence, List.of()), meaning, null);
    }

    /// @return a field of this object that may not be omitted
    <T> SpecField<T> required(String field, FieldType<T> type, String meaning) {
        return new SpecField<>(this, field, type, null, meaning, null);
    }
}
