package io.peregrine.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.UnreadableEvent.Kind;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/// Kafka records to events and back: CloudEvents 1.0, binary mode. On `peregrine.datasets` structured mode and bare
/// JSON are understood too, so that any producer's one-liner begins a run.
public final class EventCodec {
    /// No event is larger, as the CloudEvents specification asks under "Size Limits".
    public static final int MAX_BYTES = 64 * 1024;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            // The same event must be the same bytes in every process: a set's or map's own order is not.
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .build();

    private EventCodec() {}

    /// @return the mapper with which all events and their parts are written and read; not to be reconfigured
    public static ObjectMapper json() {
        return JSON;
    }

    /// Understands one record.
    ///
    /// @return the event; of a dataset-ready, `subject` is the id of the run that it begins
    /// @throws UnreadableEvent if the bytes are no event that this topic carries
    public static CloudEvent read(ConsumerRecord<String, byte[]> record) throws UnreadableEvent {
        if (record.value() == null) {
            throw new UnreadableEvent(Kind.NOT_AN_EVENT, "the record has no value (a tombstone)");
        }
        if (header(record, "ce_specversion") != null || header(record, "ce_type") != null) {
            return readBinary(record);
        }
        if (!record.topic().equals(Topics.DATASETS)) {
            throw new UnreadableEvent(
                    Kind.NOT_AN_EVENT,
                    "the record has no ce_specversion and ce_type headers; topic " + record.topic()
                            + " carries CloudEvents 1.0 in binary mode");
        }
        JsonNode json = parse(record.value());
        String contentType = header(record, "content-type");
        boolean structured =
                contentType != null && contentType.toLowerCase(Locale.ROOT).startsWith("application/cloudevents");
        return structured || json.hasNonNull("specversion") ? readStructured(record, json) : readBare(record, json);
    }

    /// @throws IllegalArgumentException if the event's data exceeds [#MAX_BYTES]
    public static ProducerRecord<String, byte[]> write(CloudEvent event) {
        byte[] value = data(event.data());
        if (value.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "an event of %d bytes: %s may have at most %d".formatted(value.length, event.type(), MAX_BYTES));
        }
        String key = event.correlationId() != null ? event.correlationId() : event.subject();
        ProducerRecord<String, byte[]> record =
                new ProducerRecord<>(event.data().topic(), null, key, value);
        set(record, "ce_specversion", "1.0");
        set(record, "ce_id", event.id());
        set(record, "ce_source", event.source());
        set(record, "ce_type", event.type());
        set(record, "ce_time", event.time().toString());
        set(record, "ce_subject", event.subject());
        set(record, "ce_correlationid", event.correlationId());
        set(record, "ce_causationid", event.causationId());
        set(record, "ce_partitionkey", key);
        set(record, "content-type", "application/json");
        return record;
    }

    /// @return an event's data as it goes over the wire
    public static byte[] data(PipelineEvent event) {
        try {
            return JSON.writeValueAsBytes(event instanceof DatasetReady ready ? ready.body() : event);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("cannot write " + event, impossible);
        }
    }

    /// @return the event with the given data bytes, as an outbox keeps them
    /// @throws UnreadableEvent if the type is unknown or the data does not fit it
    public static PipelineEvent event(String type, byte[] data) throws UnreadableEvent {
        Class<? extends PipelineEvent> known = EventTypes.eventOf(type)
                .orElseThrow(() -> new UnreadableEvent(
                        Kind.UNKNOWN_TYPE, "the type '%s' is none that Peregrine knows".formatted(type)));
        JsonNode json = parse(data);
        if (known == DatasetReady.class) {
            return datasetReady(json);
        }
        try {
            PipelineEvent event = JSON.treeToValue(json, known);
            if (event.run() == null || event.run().id() == null) {
                throw new UnreadableEvent(Kind.BAD_DATA, "the data of a %s has no run with an id".formatted(type));
            }
            return event;
        } catch (JsonProcessingException e) {
            throw new UnreadableEvent(Kind.BAD_DATA, "the data of a %s: %s".formatted(type, e.getOriginalMessage()));
        }
    }

    /// @return id of the run that a dataset-ready begins: 32 hexadecimal digits
    public static String runId(CloudEvent datasetReady) {
        return runId(datasetReady.source(), datasetReady.id());
    }

    /// @return first 32 hexadecimal digits of SHA-256(source ‖ 0 ‖ id)
    public static String runId(String source, String id) {
        if (source.equals(bareSource(Topics.DATASETS))) {
            return id.substring(0, 32);
        }
        return hex(sha256(source.getBytes(UTF_8), ZERO, id.getBytes(UTF_8))).substring(0, 32);
    }

    /// @return SHA-256 of type and data: the same source and id with another digest is a conflict
    public static byte[] digest(CloudEvent event) {
        return sha256(event.type().getBytes(UTF_8), ZERO, data(event.data()));
    }

    /// @param ordinal tells events of one run and type apart; never a measured value
    /// @return the id of an event of ours: a digest, so that saying it again is a repeat
    public static String eventId(String run, String type, String ordinal) {
        return hex(sha256(run.getBytes(UTF_8), ZERO, type.getBytes(UTF_8), ZERO, ordinal.getBytes(UTF_8)))
                .substring(0, 32);
    }

    private static final byte[] ZERO = {0};

    private static CloudEvent readBinary(ConsumerRecord<String, byte[]> record) throws UnreadableEvent {
        String version = required(record, "ce_specversion");
        if (!version.equals("1.0")) {
            throw new UnreadableEvent(Kind.NOT_AN_EVENT, "ce_specversion is '" + version + "'; 1.0 is understood");
        }
        return envelope(
                record,
                required(record, "ce_id"),
                required(record, "ce_source"),
                required(record, "ce_type"),
                header(record, "ce_time"),
                header(record, "ce_subject"),
                header(record, "ce_correlationid"),
                header(record, "ce_causationid"),
                record.value());
    }

    private static CloudEvent readStructured(ConsumerRecord<String, byte[]> record, JsonNode json)
            throws UnreadableEvent {
        JsonNode data = json.get("data");
        for (String name : new String[] {"id", "source", "type"}) {
            if (!json.path(name).isTextual()) {
                throw new UnreadableEvent(
                        Kind.NOT_AN_EVENT, "the structured CloudEvent has no text '%s'".formatted(name));
            }
        }
        if (data == null || !data.isObject()) {
            throw new UnreadableEvent(Kind.BAD_DATA, "the structured CloudEvent's 'data' is no JSON object");
        }
        return envelope(
                record,
                json.get("id").textValue(),
                json.get("source").textValue(),
                json.get("type").textValue(),
                json.path("time").textValue(),
                json.path("subject").textValue(),
                json.path("correlationid").textValue(),
                json.path("causationid").textValue(),
                data.toString().getBytes(UTF_8));
    }

    private static CloudEvent readBare(ConsumerRecord<String, byte[]> record, JsonNode json) throws UnreadableEvent {
        DatasetReady ready = datasetReady(json);
        String place = record.topic() + '\0' + record.partition() + '\0' + record.offset() + '\0' + record.timestamp();
        String id = hex(sha256(place.getBytes(UTF_8), ZERO, record.value()));
        return new CloudEvent(
                id,
                bareSource(record.topic()),
                ready.type(),
                Instant.ofEpochMilli(record.timestamp()),
                id.substring(0, 32),
                id.substring(0, 32),
                null,
                ready);
    }

    private static CloudEvent envelope(
            ConsumerRecord<String, byte[]> record,
            String id,
            String source,
            String type,
            String time,
            String subject,
            String correlationId,
            String causationId,
            byte[] data)
            throws UnreadableEvent {
        PipelineEvent event = event(type, data);
        if (!event.topic().equals(record.topic())) {
            throw new UnreadableEvent(
                    Kind.UNKNOWN_TYPE,
                    "a %s belongs on topic %s, not on %s".formatted(type, event.topic(), record.topic()));
        }
        if (id.isEmpty() || source.isEmpty()) {
            throw new UnreadableEvent(Kind.NOT_AN_EVENT, "a CloudEvent's id and source are not empty");
        }
        String run =
                event instanceof DatasetReady ? runId(source, id) : event.run().id();
        return new CloudEvent(
                id,
                source,
                type,
                instant(time, record.timestamp()),
                event instanceof DatasetReady || subject == null ? run : subject,
                event instanceof DatasetReady || correlationId == null ? run : correlationId,
                causationId,
                event);
    }

    private static DatasetReady datasetReady(JsonNode json) throws UnreadableEvent {
        JsonNode dataset = json.path("dataset");
        if (!json.isObject() || !dataset.isTextual() || dataset.textValue().isBlank()) {
            throw new UnreadableEvent(
                    Kind.BAD_DATA,
                    "a dataset-ready names its dataset: {\"dataset\":\"wikiart\",\"uri\":\"file:///data/wikiart\"}");
        }
        return new DatasetReady(dataset.textValue(), (ObjectNode) json);
    }

    private static JsonNode parse(byte[] bytes) throws UnreadableEvent {
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            throw new UnreadableEvent(
                    Kind.NOT_AN_EVENT,
                    "the value is no JSON: "
                            + (e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage()));
        }
    }

    private static Instant instant(String time, long otherwise) throws UnreadableEvent {
        if (time == null) {
            return Instant.ofEpochMilli(otherwise);
        }
        try {
            return OffsetDateTime.parse(time).toInstant();
        } catch (DateTimeException e) {
            throw new UnreadableEvent(Kind.NOT_AN_EVENT, "ce_time '" + time + "' is no RFC 3339 time");
        }
    }

    private static String bareSource(String topic) {
        return "/kafka/" + topic;
    }

    private static String required(ConsumerRecord<String, byte[]> record, String name) throws UnreadableEvent {
        String value = header(record, name);
        if (value == null) {
            throw new UnreadableEvent(Kind.NOT_AN_EVENT, "the CloudEvent has no header " + name);
        }
        return value;
    }

    private static String header(ConsumerRecord<String, byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }

    private static void set(ProducerRecord<String, byte[]> record, String name, String value) {
        if (value != null) {
            record.headers().add(name, value.getBytes(UTF_8));
        }
    }

    private static byte[] sha256(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
