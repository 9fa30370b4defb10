import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/// Writes the JSON schema of the Strimzi resources that Peregrine uses, generated from the classes of
/// `io.strimzi:api`: the names of all properties, their types and enumeration values. The classes do not show
/// which properties are required.
///
/// Argument: the file to write.
private static final ObjectMapper JSON = new ObjectMapper();
private static final ObjectNode DEFINITIONS = JSON.createObjectNode();

void main(String[] arguments) throws Exception {
    ObjectNode kinds = JSON.createObjectNode();
    for (String kind : new String[] {"kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser"}) {
        String name = kind.substring(kind.indexOf('.') + 1);
        Class<?> spec = Class.forName("io.strimzi.api.kafka.model." + kind + "Spec");
        ObjectNode resource = object();
        ObjectNode properties = resource.putObject("properties");
        properties.putObject("apiVersion").putArray("enum").add("kafka.strimzi.io/v1");
        properties.putObject("kind").putArray("enum").add(name);
        properties.putObject("metadata").put("type", "object");
        properties.set("spec", schema(JSON.constructType(spec)));
        resource.putArray("required").add("apiVersion").add("kind").add("metadata").add("spec");
        kinds.set(name, resource);
    }
    ObjectNode all = JSON.createObjectNode();
    all.set("kinds", kinds);
    all.set("$defs", DEFINITIONS);
    Files.writeString(Path.of(arguments[0]), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n");
}

private static ObjectNode object() {
    return JSON.createObjectNode().put("type", "object").put("additionalProperties", false);
}

private static JsonNode schema(JavaType type) {
    Class<?> raw = type.getRawClass();
    ObjectNode schema = JSON.createObjectNode();
    if (raw.isEnum()) {
        ArrayNode words = schema.putArray("enum");
        for (Object constant : raw.getEnumConstants()) {
            words.add(JSON.convertValue(constant, JsonNode.class));
        }
    } else if (raw == String.class) {
        schema.put("type", "string");
    } else if (raw == boolean.class || raw == Boolean.class) {
        schema.put("type", "boolean");
    } else if (Set.of(int.class, Integer.class, long.class, Long.class).contains(raw)) {
        schema.put("type", "integer");
    } else if (raw == double.class || raw == Double.class) {
        schema.put("type", "number");
    } else if (type.isMapLikeType() || Map.class.isAssignableFrom(raw)) {
        schema.put("type", "object");
    } else if (type.isCollectionLikeType() || type.isArrayType()) {
        schema.put("type", "array").set("items", schema(type.getContentType()));
    } else if (raw.getSimpleName().equals("Quantity") || raw.getSimpleName().equals("IntOrString")) {
        schema.putArray("type").add("string").add("integer");
    } else if (raw != Object.class && !JsonNode.class.isAssignableFrom(raw)) {
        schema.put("$ref", "#/$defs/" + raw.getSimpleName());
        define(type);
    }
    return schema;
}

private static void define(JavaType type) {
    Class<?> raw = type.getRawClass();
    String name = raw.getSimpleName();
    if (DEFINITIONS.has(name)) {
        return;
    }
    ObjectNode definition = JSON.createObjectNode();
    DEFINITIONS.set(name, definition);
    JsonSubTypes kinds = raw.getAnnotation(JsonSubTypes.class);
    if (kinds != null) {
        ArrayNode any = definition.putArray("anyOf");
        for (JsonSubTypes.Type kind : kinds.value()) {
            any.add(bean(JSON.constructType(kind.value()), kind.name()));
        }
    } else {
        definition.setAll(bean(type, null));
    }
}

private static ObjectNode bean(JavaType type, String kind) {
    ObjectNode bean = object();
    ObjectNode properties = bean.putObject("properties");
    BeanDescription description = JSON.getSerializationConfig().introspect(type);
    for (BeanPropertyDefinition property : description.findProperties()) {
        if (property.hasGetter() && !property.getName().equals("additionalProperties")) {
            properties.set(property.getName(), schema(property.getGetter().getType()));
        }
    }
    if (kind != null) {
        properties.putObject("type").putArray("enum").add(kind);
        bean.putArray("required").add("type");
    }
    return bean;
}
