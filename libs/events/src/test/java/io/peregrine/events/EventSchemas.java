package io.peregrine.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
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
import io.peregrine.events.spec.SpecSchema;
import java.util.Arrays;
import java.util.Map;

/// JSON Schemas of the events' data, generated from the records and their Javadoc.
final class EventSchemas {
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
                .withCustomDefinitionProvider((type, context) -> type.getErasedType() != Map.class
                        ? null
                        : new CustomDefinition(
                                (ObjectNode) json(MEASURES), DefinitionType.INLINE, AttributeInclusion.YES));
        config.forFields()
                .withDescriptionResolver(field -> field.isFakeContainerItemScope() ? null : orNull(description(field)))
                .withRequiredCheck(this::required);
        schemas = new SchemaGenerator(config.build()).buildMultipleSchemaDefinitions();
    }

    /// @return a reference to the schema of an event's data
    ObjectNode of(Class<? extends PipelineEvent> event) {
        return event == PipelineEvent.DatasetReady.class
                ? EventCodec.json().createObjectNode().put("$ref", "#/components/schemas/RunSpec")
                : schemas.createSchemaReference(event);
    }

    /// @return all referenced schemas by name
    ObjectNode definitions() {
        ObjectNode definitions = schemas.collectDefinitions("components/schemas");
        definitions.set("RunSpec", SpecSchema.json());
        return definitions;
    }

    /// A component is optional if [MayBeNull] marks it. [EventChecks] rejects an event that lacks another one.
    private boolean required(FieldScope field) {
        return Arrays.stream(field.getDeclaringType().getErasedType().getRecordComponents())
                .filter(component -> component.getName().equals(field.getName()))
                .noneMatch(component -> component.isAnnotationPresent(MayBeNull.class));
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
