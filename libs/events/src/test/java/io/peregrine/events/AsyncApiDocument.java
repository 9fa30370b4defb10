package io.peregrine.events;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;

/// Generates `docs/asyncapi.yaml`: the five topics and their events, AsyncAPI 3.0.
final class AsyncApiDocument {
    private static final String SMALLEST = "{\"dataset\":\"wikiart\",\"uri\":\"file:///data/wikiart\"}";

    /// The envelope as `docs/contracts.md` describes it.
    private static final String HEADERS = """
            {"type": "object",
             "description": "CloudEvents 1.0 over Kafka, binary mode",
             "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "content-type"],
             "properties": {
               "ce_specversion": {"const": "1.0"},
               "ce_id": {"type": "string", "minLength": 1,
                 "description": "unique per ce_source; an event with the same ce_source and ce_id is a repeat"},
               "ce_source": {"type": "string", "minLength": 1, "examples": ["/peregrine/ingest-service"]},
               "ce_type": {"type": "string"},
               "ce_time": {"type": "string", "format": "date-time"},
               "ce_subject": {"type": "string", "description": "id of the run"},
               "ce_correlationid": {"type": "string", "description": "id of the run"},
               "ce_causationid": {"type": "string", "description": "id of the event that led to this one"},
               "ce_partitionkey": {"type": "string",
                 "description": "id of the run, which is also the key of the record"},
               "ce_authid": {"type": "string", "description": "who caused the event, if known; not authenticated"},
               "content-type": {"const": "application/json"},
               "traceparent": {"type": "string", "description": "only if tracing is enabled"}}}""";

    private AsyncApiDocument() {}

    static JsonNode write() throws InvalidSpecException {
        ObjectNode document = EventCodec.json().createObjectNode();
        document.put("asyncapi", "3.0.0");
        document.putObject("info")
                .put("title", "Peregrine")
                .put("version", "1.0.0")
                .put(
                        "description",
                        "Events that the services exchange and that clients publish and consume. Events carry"
                                + " references, never pixels, and each is at most 64 KiB. Consumers ignore unknown"
                                + " fields; an incompatible change gets a new type.")
                .putObject("license")
                .put("name", "GPL-3.0-or-later");
        document.put("defaultContentType", "application/json");
        ObjectNode channels = document.putObject("channels");
        ObjectNode operations = document.putObject("operations");
        ObjectNode components = document.putObject("components");
        ObjectNode messages = components.putObject("messages");
        RecordDocs docs = new RecordDocs();
        EventSchemas schemas = new EventSchemas();
        Topics.partitions().forEach((topic, partitions) -> {
            ObjectNode channel = channels.putObject(topic);
            channel.put("address", topic).putObject("messages");
            channel.putObject("bindings")
                    .putObject("kafka")
                    .put("partitions", partitions)
                    .put("bindingVersion", "0.5.0");
        });
        for (Class<? extends PipelineEvent> event : EventTypes.all()) {
            String name = event.getSimpleName();
            String topic = EventTypes.topicOf(event);
            ((ObjectNode) channels.at("/" + topic + "/messages")).set(name, reference("components/messages/" + name));
            boolean ours = event != DatasetReady.class;
            ObjectNode operation = operations.putObject((ours ? "send" : "receive") + name);
            operation.put("action", ours ? "send" : "receive").set("channel", reference("channels/" + topic));
            operation.putArray("messages").add(reference("channels/" + topic + "/messages/" + name));
            ObjectNode message = messages.putObject(name);
            message.put("name", EventTypes.typeOf(event));
            message.put("summary", ours ? docs.of(event) : "A dataset is ready, which starts a run.");
            message.set("headers", reference("components/schemas/CloudEvent"));
            message.set("payload", schemas.of(event));
            message.putObject("bindings")
                    .putObject("kafka")
                    .put("bindingVersion", "0.5.0")
                    .putObject("key")
                    .put("type", "string")
                    .put("description", ours ? "id of the run" : "ignored");
        }
        ObjectNode ready = (ObjectNode) messages.get(DatasetReady.class.getSimpleName());
        JsonNode smallest = EventSchemas.json(SMALLEST);
        var examples = ready.putArray("examples");
        examples.addObject().put("name", "smallest").set("payload", smallest);
        examples.addObject()
                .put("name", "defaults")
                .put("summary", "the same with its defaults filled in")
                .set(
                        "payload",
                        EventSchemas.json(new String(
                                RunSpec.parse((ObjectNode) smallest).toJson(),
                                java.nio.charset.StandardCharsets.UTF_8)));
        ObjectNode definitions = schemas.definitions();
        definitions.set("CloudEvent", EventSchemas.json(HEADERS));
        components.set("schemas", definitions);
        return document;
    }

    private static ObjectNode reference(String path) {
        return EventCodec.json().createObjectNode().put("$ref", "#/" + path);
    }
}
