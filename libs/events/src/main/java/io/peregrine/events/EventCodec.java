package io.peregrine.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.UnreadableEventException.Kind;
import java.io.IOException;
import java.net.URI;
import java.time.ZoneOffset;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/// Converts Kafka records to events and back: CloudEvents 1.0, binary mode. On `peregrine.datasets` it also
/// accepts structured mode and bare JSON, so that a one-line command of any producer can start a run.
public final class EventCodec {
    /// Maximum size of an event, as the CloudEvents specification requires under "Size Limits".
    public static final int MAX_BYTES = 64 * 1024;

    /// Source of records without an envelope. Reserved: the ids of this source are digests that begin with the
    /// run's id.
    static final String BARE_SOURCE = "/kafka/" + Topics.DATASETS;

    private static final Pattern BARE_ID = Pattern.compile("[0-9a-f]{64}");

    private static final byte[] ZERO = {0};

    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    // Events and specifications have less than a tenth of this nesting depth.
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(100).build())
                    .build())
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            // The same event must give the same bytes in every process, but sets and maps have no fixed order.
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .build();

    private EventCodec() {}

    /// @return the mapper that reads and writes all events and their parts; do not reconfigure it
    public static ObjectMapper json() {
        return JSON;
    }

    /// @return the type in the envelope of an event, such as `io.peregrine.dataset.ready.v1`
    public static String typeOf(Class<? extends PipelineEvent> event) {
        return EventTypes.typeOf(event);
    }

    /// Parses one record. For every input this either returns an event or throws [UnreadableEventException].
    ///
    /// @return the event; for a dataset-ready event, `subject` is the id of the run that it starts
    /// @throws UnreadableEventException if the bytes are not an event of this topic
    public static CloudEvent read(ConsumerRecord<String, byte[]> record) throws UnreadableEventException {
        try {
            return RecordReader.read(record);
        } catch (RuntimeException | Error unforeseen) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, "cannot decode the record: " + unforeseen);
        }
    }

    /// @throws IllegalArgumentException if the event's data exceeds [#MAX_BYTES]
    public static ProducerRecord<String, byte[]> write(CloudEvent event) {
        byte[] value = data(event.data());
        if (value.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "event %s has %d bytes; the maximum is %d".formatted(event.type(), value.length, MAX_BYTES));
        }
        String key = event.correlationId() != null ? event.correlationId() : event.subject();
        CloudEventBuilder envelope = CloudEventBuilder.v1()
                .withId(event.id())
                .withSource(URI.create(event.source()))
                .withType(event.type())
                .withTime(event.time().atOffset(ZoneOffset.UTC))
                .withSubject(event.subject())
                .withData("application/json", value);
        setExtension(envelope, "correlationid", event.correlationId());
        setExtension(envelope, "causationid", event.causationId());
        setExtension(envelope, "partitionkey", key);
        return KafkaMessageFactory.<String>createWriter(event.data().topic(), key)
                .writeBinary(envelope.build());
    }

    /// @return the serialized data of an event
    public static byte[] data(PipelineEvent event) {
        Object data = event instanceof DatasetReady ready ? ready.body() : event;
        try {
            return JSON.writeValueAsBytes(data);
        } catch (JsonProcessingException unpairedSurrogate) {
            try {
                return JSON.writeValueAsBytes(CleanText.cleaned(JSON.valueToTree(data)));
            } catch (JsonProcessingException impossible) {
                throw new IllegalStateException("cannot write " + event, impossible);
            }
        }
    }

    /// @return the event with the given serialized data, as stored in an outbox
    /// @throws UnreadableEventException if the type is unknown or the data does not match it
    public static PipelineEvent event(String type, byte[] data) throws UnreadableEventException {
        try {
            return event(type, tree(data));
        } catch (RuntimeException | Error unforeseen) {
            throw new UnreadableEventException(
                    Kind.BAD_DATA, "cannot parse the data of %s: %s".formatted(type, unforeseen));
        }
    }

    static PipelineEvent event(String type, JsonNode json) throws UnreadableEventException {
        Class<? extends PipelineEvent> known = EventTypes.eventOf(type)
                .orElseThrow(() -> new UnreadableEventException(
                        Kind.UNKNOWN_TYPE, "the event type '%s' is unknown".formatted(type)));
        if (known == DatasetReady.class) {
            return datasetReady(json);
        }
        if (!json.isObject()) {
            throw new UnreadableEventException(Kind.BAD_DATA, "the data of %s is not a JSON object".formatted(type));
        }
        try {
            PipelineEvent event = JSON.treeToValue(json, known);
            EventChecks.check(event);
            return event;
        } catch (JsonProcessingException e) {
            throw new UnreadableEventException(
                    Kind.BAD_DATA, "cannot parse the data of %s: %s".formatted(type, e.getOriginalMessage()));
        }
    }

    /// @return id of the run that a dataset-ready event starts: 32 hexadecimal digits
    public static String runId(CloudEvent datasetReady) {
        return runId(datasetReady.source(), datasetReady.id());
    }

    /// @return first 32 hexadecimal digits of SHA-256(source ‖ 0 ‖ id)
    public static String runId(String source, String id) {
        if (source.equals(BARE_SOURCE) && BARE_ID.matcher(id).matches()) {
            return id.substring(0, 32);
        }
        return Sha256.hex(source.getBytes(UTF_8), ZERO, id.getBytes(UTF_8)).substring(0, 32);
    }

    /// @return id of a record without an envelope: a digest of its position and bytes
    static String bareId(ConsumerRecord<String, byte[]> record) {
        String place = record.topic() + '\0' + record.partition() + '\0' + record.offset() + '\0' + record.timestamp();
        return Sha256.hex(place.getBytes(UTF_8), ZERO, record.value());
    }

    /// @return SHA-256 of type and data; the same source and id with another digest is a conflict
    public static byte[] digest(CloudEvent event) {
        return Sha256.of(event.type().getBytes(UTF_8), ZERO, data(event.data()));
    }

    /// @param ordinal distinguishes events of the same run and type; must not be a measured value
    /// @return the id of an event of Peregrine: a digest, so that publishing the event again is a repeat
    public static String eventId(String run, String type, String ordinal) {
        return Sha256.hex(run.getBytes(UTF_8), ZERO, type.getBytes(UTF_8), ZERO, ordinal.getBytes(UTF_8))
                .substring(0, 32);
    }

    static DatasetReady datasetReady(JsonNode json) throws UnreadableEventException {
        JsonNode dataset = json.path("dataset");
        if (!json.isObject() || !dataset.isTextual() || dataset.textValue().isBlank()) {
            throw new UnreadableEventException(
                    Kind.BAD_DATA,
                    "a dataset-ready must have 'dataset': {\"dataset\":\"wikiart\",\"uri\":\"file:///data/wikiart\"}");
        }
        return new DatasetReady(dataset.textValue(), (ObjectNode) json);
    }

    /// A CloudEvent that was not sent over Kafka.
    public record Envelope(String id, String source, String type, JsonNode data) {}

    /// Parses a CloudEvent 1.0 in structured mode, such as an HTTP body.
    ///
    /// @throws UnreadableEventException if the bytes are not a CloudEvent
    public static Envelope structured(byte[] bytes) throws UnreadableEventException {
        io.cloudevents.CloudEvent event = RecordReader.structured(tree(bytes));
        return new Envelope(event.getId(), event.getSource().toString(), event.getType(), RecordReader.data(event));
    }

    /// Parses untrusted JSON.
    ///
    /// @return the value as JSON whose strings every table can store: zero characters are replaced
    /// @throws UnreadableEventException if the value is not JSON, or contains half of a surrogate pair
    public static JsonNode tree(byte[] bytes) throws UnreadableEventException {
        try {
            JsonNode json = JSON.readTree(bytes);
            CleanText.requirePairs(json);
            return CleanText.cleaned(json);
        } catch (IOException e) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "the value is not JSON: "
                            + (e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage()));
        }
    }

    private static void setExtension(CloudEventBuilder envelope, String name, String value) {
        if (value != null) {
            envelope.withExtension(name, value);
        }
    }
}
