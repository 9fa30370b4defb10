package io.peregrine.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.CustomDefinition.AttributeInclusion;
import com.github.victools.jsonschema.generator.CustomDefinition.DefinitionType;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaBuilder;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.github.victools.jsonschema.module.jackson.JacksonModule;
import com.github.victools.jsonschema.module.jackson.JacksonOption;
import io.peregrine.events.RunSpec.WeightsSource;
import io.peregrine.events.RunSpec.NeighbourChoice;
import io.peregrine.events.RunSpec.Strategy;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/// JSON Schemas of the events' data, generated from the records and their Javadoc.
final class EventSchemas {
    private static final String STRATEGY = """
            {"oneOf": [
              {"enum": ["none", "auto", "not majority", "minority", "not minority", "all"]},
              {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
              {"type": "object", "required": ["atLeast"], "additionalProperties": false,
               "properties": {"atLeast": {"type": "integer", "minimum": 1}}},
              {"type": "object", "required": ["counts"], "additionalProperties": false,
               "properties": {"counts": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}}}]}""";

    private static final String NEIGHBOURS = """
            {"oneOf": [{"type": "integer", "minimum": 1}, {"const": "adaptive"}]}""";

    private static final String WEIGHTS = """
            {"oneOf": [{"type": "string", "pattern": "^file:/"},
              {"type": "object", "required": ["uri", "sha256", "bytes"],
               "properties": {"uri": {"type": "string", "pattern": "^store:"}, "sha256": {"type": "string"},
                 "bytes": {"type": "integer"}}}]}""";

    private static final String MEASURES = """
            {"type": "object", "additionalProperties": {"type": "number"}}""";

    private final RecordDocs docs = new RecordDocs();
    private final SchemaBuilder schemas;

    EventSchemas() {
        SchemaGeneratorConfigBuilder config = new SchemaGeneratorConfigBuilder(
                        EventCodec.json(), SchemaVersion.DRAFT_7, OptionPreset.PLAIN_JSON)
                .with(new JacksonModule(JacksonOption.FLATTENED_ENUMS_FROM_JSONVALUE))
                .with(Option.DEFINITIONS_FOR_ALL_OBJECTS);
        config.forTypesInGeneral()
                .withDescriptionResolver(scope -> orNull(docs.of(scope.getType().getErasedType())))
                .withCustomDefinitionProvider((type, context) -> {
                    String fixed = fixed(type.getErasedType());
                    return fixed == null
                            ? null
                            : new CustomDefinition(
                                    (ObjectNode) json(fixed), DefinitionType.INLINE, AttributeInclusion.YES);
                });
        config.forFields()
                .withDescriptionResolver(field -> field.isFakeContainerItemScope() ? null : orNull(description(field)))
                .withRequiredCheck(this::required);
        schemas = new SchemaGenerator(config.build()).buildMultipleSchemaDefinitions();
    }

    /// @return the schema of a type with a custom JSON form; null for any other type
    private static String fixed(Class<?> type) {
        if (Strategy.class.isAssignableFrom(type)) {
            return STRATEGY;
        }
        if (WeightsSource.class.isAssignableFrom(type)) {
            return WEIGHTS;
        }
        return type == Map.class ? MEASURES : type == NeighbourChoice.class ? NEIGHBOURS : null;
    }

    /// @return a reference to the schema of an event's data
    ObjectNode of(Class<? extends PipelineEvent> event) {
        return schemas.createSchemaReference(event == PipelineEvent.DatasetReady.class ? RunSpec.class : event);
    }

    /// @return all referenced schemas by name
    ObjectNode definitions() {
        ObjectNode definitions = schemas.collectDefinitions("components/schemas");
        // The generator lists the schema of an unwrapped record twice.
        definitions.forEach(definition -> {
            if (definition.get("allOf") instanceof ArrayNode all) {
                Set<JsonNode> once = new LinkedHashSet<>();
                all.forEach(once::add);
                all.removeAll().addAll(once);
            }
        });
        return definitions;
    }

    /// All fields of a specification except two have defaults. In other records a component is optional if its
    /// Javadoc mentions null.
    private boolean required(FieldScope field) {
        Class<?> record = field.getDeclaringType().getErasedType();
        if (record == RunSpec.class) {
            return field.getName().equals("dataset") || field.getName().equals("uri");
        }
        return record.getEnclosingClass() != RunSpec.class
                && !description(field).contains("null");
    }

    private String description(FieldScope field) {
        return docs.of(field.getDeclaringType().getErasedType(), field.getName());
    }

    private static String orNull(String text) {
        return text.isEmpty() ? null : text;
    }

    static JsonNode json(String text) {
        try {
            return EventCodec.json().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
