package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import io.peregrine.events.EventCodec;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/// Validates published records against `docs/asyncapi.yaml`: topic, headers and data, without undocumented
/// fields.
final class AsyncApi {
    private record Message(JsonSchema headers, JsonSchema payload) {}

    private final JsonNode document;
    private final Map<String, Message> messages = new HashMap<>();

    AsyncApi() throws IOException {
        document =
                Yaml.documents(ProjectRoot.path().resolve("docs/asyncapi.yaml")).getFirst();
        for (JsonNode schema : document.at("/components/schemas")) {
            // A schema that combines others with allOf cannot forbid additional properties in its parts.
            if (schema.has("properties") && !schema.has("allOf")) {
                ((ObjectNode) schema).put("additionalProperties", false);
            }
        }
        for (JsonNode message : document.at("/components/messages")) {
            messages.put(
                    message.get("name").textValue(),
                    new Message(schema(message.get("headers")), schema(message.get("payload"))));
        }
    }

    private JsonSchema schema(JsonNode reference) {
        ObjectNode root = EventCodec.json().createObjectNode();
        root.putArray("allOf").add(reference);
        root.set("components", document.get("components"));
        return JsonSchemaFactory.getInstance(VersionFlag.V7).getSchema(root);
    }

    /// @return violations of the document by a service's record; empty for a user's record
    List<String> violations(ConsumerRecord<String, byte[]> record) {
        Map<String, String> headers = new HashMap<>();
        for (Header header : record.headers()) {
            headers.put(header.key(), new String(header.value(), UTF_8));
        }
        if (!headers.getOrDefault("ce_source", "").startsWith("/peregrine/")) {
            return List.of();
        }
        String type = headers.get("ce_type");
        Message message = messages.get(type);
        if (message == null || !onItsTopic(type, record.topic())) {
            return List.of("the document has no message %s on topic %s".formatted(type, record.topic()));
        }
        List<String> violations = new ArrayList<>();
        try {
            Stream.concat(
                            message.headers().validate(EventCodec.json().valueToTree(headers)).stream(),
                            message.payload().validate(EventCodec.json().readTree(record.value())).stream())
                    .forEach(error -> violations.add(type + ": " + error.getMessage()));
        } catch (IOException e) {
            violations.add(type + ": " + e.getMessage());
        }
        return violations;
    }

    private boolean onItsTopic(String type, String topic) {
        for (JsonNode message : document.path("channels").path(topic).path("messages")) {
            String name = message.get("$ref").textValue().replaceFirst(".*/", "");
            if (document.at("/components/messages/" + name + "/name")
                    .textValue()
                    .equals(type)) {
                return true;
            }
        }
        return false;
    }
}
