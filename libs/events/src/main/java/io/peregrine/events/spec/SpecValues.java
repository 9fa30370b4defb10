package io.peregrine.events.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.CleanText;
import io.peregrine.events.FieldError;
import io.peregrine.events.NearestName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The values of a specification's fields, read with the table [SpecFields]. An invalid field is reported and
/// then treated as omitted, so that the user sees all errors at once.
final class SpecValues {
    private static final int SHOWN_CHARACTERS = 100;

    private final ObjectNode json;
    private final FieldErrors errors;
    private final Map<String, Object> values = new HashMap<>();

    private SpecValues(ObjectNode json, FieldErrors errors) {
        this.json = json;
        this.errors = errors;
    }

    /// @param errors receives the errors, in the order of the fields
    static SpecValues read(ObjectNode json, FieldErrors errors) {
        SpecValues values = new SpecValues(json, errors);
        Set<SpecGroup> checked = new HashSet<>();
        for (SpecField<?> field : SpecFields.all()) {
            if (checked.add(field.group())) {
                values.check(field.group());
            }
            values.read(field);
        }
        return values;
    }

    /// @return value of a field, or its default; null if it has none
    @SuppressWarnings("unchecked")
    <T> T get(SpecField<T> field) {
        return (T) values.get(field.path());
    }

    /// @return JSON of a field; null if it is omitted
    JsonNode found(SpecField<?> field) {
        return object(field.group()).get(field.name());
    }

    /// @param problem what is wrong with the value
    /// @param remedy which values are allowed
    void addError(SpecField<?> field, String problem, String remedy) {
        addError(field.group(), field.name(), problem, remedy);
    }

    private <T> void read(SpecField<T> field) {
        JsonNode found = found(field);
        T value = null;
        if (found != null) {
            try {
                value = field.type().reader().read(found);
            } catch (NotAllowedException bad) {
                addError(field, bad.getMessage(), field.type().allowed());
            }
        } else if (field.isRequired()) {
            addError(field, "is missing", field.type().allowed());
        }
        values.put(field.path(), value != null || field.isRequired() ? value : field.defaultIn(this));
    }

    private JsonNode object(SpecGroup group) {
        return group.isRoot() ? json : json.path(group.name());
    }

    /// Rejects unknown fields and suggests the most similar known field.
    private void check(SpecGroup group) {
        JsonNode object = object(group);
        if (!object.isObject() && !object.isMissingNode()) {
            addError(
                    SpecFields.ROOT,
                    group.name(),
                    "is not an object",
                    "an object {…}, or omit the field to use the defaults");
        }
        List<String> known = SpecFields.namesIn(group);
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            String name = entry.getKey();
            if (!known.contains(name)) {
                addError(
                        group,
                        name,
                        "is not a field of dataset-ready",
                        // Further errors are only counted.
                        errors.isFull() ? "" : hint(name, known) + "Allowed here: " + String.join(", ", known));
            }
        }
    }

    private static String hint(String name, List<String> known) {
        return NearestName.of(name, known).map("did you mean '%s'? "::formatted).orElse("");
    }

    private void addError(SpecGroup group, String name, String problem, String remedy) {
        JsonNode found = errors.isFull() ? null : object(group).get(name);
        String shown = found == null ? "nothing" : found.toString();
        String place = (group.isRoot() ? "/" : "/" + group.name() + "/")
                + name.replace("~", "~0").replace("/", "~1");
        errors.add(new FieldError(
                CleanText.shortened(place, SHOWN_CHARACTERS),
                CleanText.shortened(shown, SHOWN_CHARACTERS),
                problem,
                remedy));
    }
}
