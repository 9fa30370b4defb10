package io.peregrine.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEventData;
import io.cloudevents.SpecVersion;
import io.cloudevents.jackson.JsonCloudEventData;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.jackson.JsonFormatOptions;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.cloudevents.rw.CloudEventRWException;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.UnreadableEventException.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;

/// Reads a Kafka record as a CloudEvent: binary mode, structured mode or, on `peregrine.datasets`, bare JSON.
///
/// The CloudEvents SDK reads the envelope, by the Kafka protocol binding: the content type decides between the
/// modes, and structured mode may have `data` or `data_base64`. This class adds what Peregrine requires beyond
/// the specification: bounded sizes, strict UTF-8, topics, and ids that cannot overwrite another run.
final class RecordReader {
    /// Maximum size of a value. Peregrine's events have at most 64 KiB; a dataset-ready event of another producer
    /// may be larger.
    static final int MAX_BYTES = 1024 * 1024;

    /// The inbox's key contains id and source: together they must fit into an index row of PostgreSQL.
    private static final int ID_BYTES = 512;

    private static final int SOURCE_BYTES = 1_024;

    private static final Instant EARLIEST = Instant.EPOCH;
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

    private static final String STRUCTURED = "application/cloudevents";
    private static final String CONTENT_TYPE = "content-type";

    /// Only these headers are read. An unknown extension must not make a record unreadable.
    private static final List<String> HEADERS = List.of(
            CONTENT_TYPE,
            "ce_specversion",
            "ce_id",
            "ce_source",
            "ce_type",
            "ce_time",
            "ce_subject",
            "ce_correlationid",
            "ce_causationid");

    private static final ObjectMapper STRUCTURED_JSON = EventCodec.json()
            .copy()
            .registerModule(JsonFormat.getCloudEventJacksonModule(JsonFormatOptions.builder()
                    .forceExtensionNameLowerCaseDeserialization(true)
                    .forceIgnoreInvalidExtensionNameDeserialization(true)
                    .build()));

    private RecordReader() {}

    static CloudEvent read(ConsumerRecord<String, byte[]> record) throws UnreadableEventException {
        byte[] value = record.value();
        if (value == null || value.length == 0) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the record has no value" + (value == null ? " (a tombstone)" : ""));
        }
        if (value.length > MAX_BYTES) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "the value has %,d bytes; the maximum is %,d".formatted(value.length, MAX_BYTES));
        }
        RecordHeaders headers = known(record);
        Header contentType = headers.lastHeader(CONTENT_TYPE);
        boolean structured = contentType != null
                && new String(contentType.value(), UTF_8)
                        .toLowerCase(Locale.ROOT)
                        .startsWith(STRUCTURED);
        if (!structured && (headers.lastHeader("ce_specversion") != null || headers.lastHeader("ce_type") != null)) {
            return event(record, binary(headers, value));
        }
        if (!record.topic().equals(Topics.DATASETS)) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "the record has no ce_specversion and ce_type headers; topic " + record.topic()
                            + " carries CloudEvents 1.0 in binary mode");
        }
        JsonNode json = EventCodec.tree(value);
        return structured || json.hasNonNull("specversion") ? event(record, structured(json)) : readBare(record, json);
    }

    private static io.cloudevents.CloudEvent binary(RecordHeaders headers, byte[] value)
            throws UnreadableEventException {
        try {
            io.cloudevents.CloudEvent event =
                    KafkaMessageFactory.createReader(headers, value).toEvent();
            requireVersion(event);
            return event;
        } catch (CloudEventRWException | IllegalStateException | IllegalArgumentException invalid) {
            throw notAnEvent(invalid);
        }
    }

    /// @throws UnreadableEventException if the JSON is not a CloudEvent 1.0
    static io.cloudevents.CloudEvent structured(JsonNode json) throws UnreadableEventException {
        if (!json.isObject()) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the structured CloudEvent is not a JSON object");
        }
        try {
            io.cloudevents.CloudEvent event = STRUCTURED_JSON.treeToValue(json, io.cloudevents.CloudEvent.class);
            requireVersion(event);
            return event;
        } catch (JsonProcessingException invalid) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the structured CloudEvent is invalid: " + invalid.getOriginalMessage());
        } catch (CloudEventRWException | IllegalStateException | IllegalArgumentException invalid) {
            throw notAnEvent(invalid);
        }
    }

    private static void requireVersion(io.cloudevents.CloudEvent event) throws UnreadableEventException {
        if (event.getSpecVersion() != SpecVersion.V1) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "specversion is '" + event.getSpecVersion() + "'; it must be 1.0");
        }
    }

    private static UnreadableEventException notAnEvent(RuntimeException invalid) {
        return new UnreadableEventException(
                Kind.NOT_AN_EVENT, "the record is not a CloudEvent 1.0: " + invalid.getMessage());
    }

    /// @return the data of an event as JSON, from `data` or `data_base64`
    static JsonNode data(io.cloudevents.CloudEvent event) throws UnreadableEventException {
        CloudEventData data = event.getData();
        if (data == null) {
            throw new UnreadableEventException(Kind.BAD_DATA, "the CloudEvent has no data");
        }
        return data instanceof JsonCloudEventData json ? json.getNode() : EventCodec.tree(data.toBytes());
    }

    private static CloudEvent readBare(ConsumerRecord<String, byte[]> record, JsonNode json)
            throws UnreadableEventException {
        DatasetReady ready = EventCodec.datasetReady(json);
        String id = EventCodec.bareId(record);
        String run = EventCodec.runId(EventCodec.BARE_SOURCE, id);
        return new CloudEvent(id, EventCodec.BARE_SOURCE, ready.type(), delivered(record), run, run, null, ready);
    }

    private static CloudEvent event(ConsumerRecord<String, byte[]> record, io.cloudevents.CloudEvent envelope)
            throws UnreadableEventException {
        String id = envelope.getId();
        String source = envelope.getSource().toString();
        String subject = envelope.getSubject();
        String correlation = extension(envelope, "correlationid");
        String causation = extension(envelope, "causationid");
        checkAttribute("id", id, ID_BYTES);
        checkAttribute("source", source, SOURCE_BYTES);
        checkAttribute("subject", subject, ID_BYTES);
        checkAttribute("correlationid", correlation, ID_BYTES);
        checkAttribute("causationid", causation, ID_BYTES);
        if (source.equals(EventCodec.BARE_SOURCE)) {
            // Its ids determine run ids: a producer that could choose one could overwrite a run.
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "source %s is reserved for records without an envelope; use a source of your own"
                            .formatted(EventCodec.BARE_SOURCE));
        }
        PipelineEvent event = EventCodec.event(envelope.getType(), data(envelope));
        if (!event.topic().equals(record.topic())) {
            throw new UnreadableEventException(
                    Kind.UNKNOWN_TYPE,
                    "event %s belongs on topic %s, not on %s"
                            .formatted(envelope.getType(), event.topic(), record.topic()));
        }
        boolean begins = event instanceof DatasetReady;
        String run = begins ? EventCodec.runId(source, id) : event.run().id();
        return new CloudEvent(
                id,
                source,
                envelope.getType(),
                envelope.getTime() == null ? delivered(record) : time(envelope.getTime()),
                begins || subject == null ? run : subject,
                begins || correlation == null ? run : correlation,
                causation,
                event);
    }

    private static String extension(io.cloudevents.CloudEvent event, String name) throws UnreadableEventException {
        Object value = event.getExtension(name);
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the CloudEvent's '%s' is not a string".formatted(name));
    }

    private static void checkAttribute(String name, String value, int bytes) throws UnreadableEventException {
        if (value == null) {
            return;
        }
        if (value.isEmpty()) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the CloudEvent's " + name + " is empty");
        }
        if (!CleanText.of(value).equals(value)) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "the CloudEvent's " + name + " contains a zero character or an unpaired surrogate");
        }
        if (!CleanText.fits(value, bytes)) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the CloudEvent's %s has more than %,d bytes".formatted(name, bytes));
        }
    }

    private static Instant time(OffsetDateTime time) throws UnreadableEventException {
        Instant instant = time.toInstant();
        if (instant.isBefore(EARLIEST) || instant.isAfter(LATEST)) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the time '%s' is not of the years 1970 to 9999".formatted(time));
        }
        return instant;
    }

    /// @return the time of the record; the current time if its producer gave none or an invalid one
    private static Instant delivered(ConsumerRecord<String, byte[]> record) {
        long millis = record.timestamp();
        return millis < 0 || millis > LATEST.toEpochMilli() ? Instant.now() : Instant.ofEpochMilli(millis);
    }

    /// @return the last value of each known header; a header without a value counts as absent
    private static RecordHeaders known(ConsumerRecord<String, byte[]> record) throws UnreadableEventException {
        RecordHeaders known = new RecordHeaders();
        for (String name : HEADERS) {
            Header header = record.headers().lastHeader(name);
            if (header == null || header.value() == null) {
                continue;
            }
            try {
                // Decode strictly: replacement characters could make two ids equal.
                UTF_8.newDecoder().decode(ByteBuffer.wrap(header.value()));
            } catch (CharacterCodingException e) {
                throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the header " + name + " is not UTF-8");
            }
            known.add(name, header.value());
        }
        return known;
    }
}
