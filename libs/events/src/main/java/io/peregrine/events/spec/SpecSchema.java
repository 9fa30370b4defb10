package io.peregrine.events.spec;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.SpecField.Case;
import java.util.Locale;

/// The table of a specification's fields as a JSON Schema, from which a form can be drawn.
///
/// A default that depends on another field is in `x-defaultWhere`: a list of `{"field", "equals", "default"}`,
/// of which the first one that applies is used. `x-absent` states what applies to an omitted field without a
/// default.
public final class SpecSchema {
    private SpecSchema() {}

    /// @return the schema of a specification (JSON Schema 2020-12, and also valid as draft 7)
    public static ObjectNode json() {
        ObjectNode root = object(SpecFields.ROOT);
        for (SpecField<?> field : SpecFields.all()) {
            ObjectNode properties = (ObjectNode) root.get("properties");
            if (field.isRequired()) {
                root.withArrayProperty("required").add(field.name());
            }
            if (!field.group().isRoot()) {
                String name = field.group().name();
                if (!properties.has(name)) {
                    properties.set(name, object(field.group()));
                }
                properties = (ObjectNode) properties.at("/" + name + "/properties");
            }
            properties.set(field.name(), schema(field));
        }
        return root;
    }

    /// @return the schema as a document of its own
    public static ObjectNode document() {
        ObjectNode document = EventCodec.json().createObjectNode();
        document.put("$schema", "https://json-schema.org/draft/2020-12/schema").put("title", "Specification of a run");
        return document.setAll(json());
    }

    private static String sentence(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1) + ".";
    }

    private static ObjectNode object(SpecGroup group) {
        ObjectNode object = FieldType.typed("object");
        object.put("description", sentence(group.description())).put("additionalProperties", false);
        object.putObject("properties");
        return object;
    }

    private static ObjectNode schema(SpecField<?> field) {
        ObjectNode schema = field.type().schema().deepCopy();
        schema.put("description", sentence(field.description()));
        if (field.isRequired()) {
            return schema;
        }
        if (field.omitted().value() == null) {
            return schema.put("x-absent", field.omitted().absence());
        }
        schema.set("default", SpecField.json(field.omitted().value()));
        if (!field.omitted().cases().isEmpty()) {
            ArrayNode cases = schema.putArray("x-defaultWhere");
            for (Case<?> one : field.omitted().cases()) {
                ObjectNode json = cases.addObject().put("field", one.field().path());
                json.set("equals", SpecField.json(one.equal()));
                json.set("default", SpecField.json(one.value()));
            }
        }
        return schema;
    }
}
