package io.peregrine.ingest.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.events.spec.SpecSchema;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.media.Schema;

/// Adds the schema of a specification, which is written from the table of its fields, to the OpenAPI document.
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public class SpecificationSchema implements OASFilter {
    static final String REFERENCE = "#/components/schemas/Specification";

    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public void filterOpenAPI(OpenAPI document) {
        document.getComponents().addSchema("Specification", schema(SpecSchema.json()));
    }

    private static Schema schema(JsonNode json) {
        Schema schema = OASFactory.createSchema();
        json.properties().forEach(keyword -> set(schema, keyword.getKey(), keyword.getValue()));
        return schema;
    }

    private static void set(Schema schema, String keyword, JsonNode value) {
        switch (keyword) {
            case "type" ->
                schema.setType(
                        List.of(Schema.SchemaType.valueOf(value.textValue().toUpperCase(Locale.ROOT))));
            case "oneOf" ->
                schema.setOneOf(StreamSupport.stream(value.spliterator(), false)
                        .map(SpecificationSchema::schema)
                        .toList());
            case "properties" -> {
                Map<String, Schema> properties = new LinkedHashMap<>();
                value.properties().forEach(one -> properties.put(one.getKey(), schema(one.getValue())));
                schema.setProperties(properties);
            }
            case "additionalProperties" -> {
                if (value.isBoolean()) {
                    schema.setAdditionalPropertiesBoolean(value.booleanValue());
                } else {
                    schema.setAdditionalPropertiesSchema(schema(value));
                }
            }
            default -> schema.set(keyword, JSON.convertValue(value, Object.class));
        }
    }
}
