package io.peregrine.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.UnreadableEventException.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/// Reads a Kafka record as a CloudEvent: binary mode, structured mode or, on `peregrine.datasets`, bare JSON.
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

    /// The attributes of a CloudEvent, not validated; all but the first three may be null.
    private record Attributes(
            String id, String source, String type, String time, String subject, String correlation, String causation) {}

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
        // The content type decides: a structured-mode record may repeat its attributes in headers.
        String contentType = header(record, "content-type");
        boolean structured =
                contentType != null && contentType.toLowerCase(Locale.ROOT).startsWith(STRUCTURED);
        boolean binary = !structured && (header(record, "ce_specversion") != null || header(record, "ce_type") != null);
        if (binary) {
            return readBinary(record);
        }
        if (!record.topic().equals(Topics.DATASETS)) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "the record has no ce_specversion and ce_type headers; topic " + record.topic()
                            + " carries CloudEvents 1.0 in binary mode");
        }
        JsonNode json = EventCodec.tree(value);
        return structured || json.hasNonNull("specversion") ? readStructured(record, json) : readBare(record, json);
    }

    private static CloudEvent readBinary(ConsumerRecord<String, byte[]> record) throws UnreadableEventException {
        checkVersion("ce_specversion", required(record, "ce_specversion"));
        Attributes attributes = new Attributes(
                required(record, "ce_id"),
                required(record, "ce_source"),
                required(record, "ce_type"),
                header(record, "ce_time"),
                header(record, "ce_subject"),
                header(record, "ce_correlationid"),
                header(record, "ce_causationid"));
        return event(record, attributes, EventCodec.tree(record.value()));
    }

    private static CloudEvent readStructured(ConsumerRecord<String, byte[]> record, JsonNode json)
            throws UnreadableEventException {
        checkVersion("specversion", required(json, "specversion"));
        Attributes attributes = new Attributes(
                required(json, "id"),
                required(json, "source"),
                required(json, "type"),
                attribute(json, "time"),
                attribute(json, "subject"),
                attribute(json, "correlationid"),
                attribute(json, "causationid"));
        JsonNode data = json.get("data");
        if (data == null || !data.isObject()) {
            throw new UnreadableEventException(
                    Kind.BAD_DATA, "the structured CloudEvent's 'data' is not a JSON object");
        }
        return event(record, attributes, data);
    }

    private static CloudEvent readBare(ConsumerRecord<String, byte[]> record, JsonNode json)
            throws UnreadableEventException {
        DatasetReady ready = EventCodec.datasetReady(json);
        String id = EventCodec.bareId(record);
        String run = EventCodec.runId(EventCodec.BARE_SOURCE, id);
        return new CloudEvent(id, EventCodec.BARE_SOURCE, ready.type(), delivered(record), run, run, null, ready);
    }

    private static CloudEvent event(ConsumerRecord<String, byte[]> record, Attributes attributes, JsonNode json)
            throws UnreadableEventException {
        String type = attributes.type();
        PipelineEvent event = EventCodec.event(type, json);
        if (!event.topic().equals(record.topic())) {
            throw new UnreadableEventException(
                    Kind.UNKNOWN_TYPE,
                    "event %s belongs on topic %s, not on %s".formatted(type, event.topic(), record.topic()));
        }
        checkAttribute("id", attributes.id(), ID_BYTES);
        checkAttribute("source", attributes.source(), SOURCE_BYTES);
        checkAttribute("subject", attributes.subject(), ID_BYTES);
        checkAttribute("correlationid", attributes.correlation(), ID_BYTES);
        checkAttribute("causationid", attributes.causation(), ID_BYTES);
        if (attributes.source().equals(EventCodec.BARE_SOURCE)) {
            // Its ids determine run ids: a producer that could choose one could overwrite a run.
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT,
                    "source %s is reserved for records without an envelope; use a source of your own"
                            .formatted(EventCodec.BARE_SOURCE));
        }
        boolean begins = event instanceof DatasetReady;
        String run = begins
                ? EventCodec.runId(attributes.source(), attributes.id())
                : event.run().id();
        return new CloudEvent(
                attributes.id(),
                attributes.source(),
                type,
                attributes.time() == null ? delivered(record) : time(attributes.time()),
                begins || attributes.subject() == null ? run : attributes.subject(),
                begins || attributes.correlation() == null ? run : attributes.correlation(),
                attributes.causation(),
                event);
    }

    private static void checkVersion(String name, String version) throws UnreadableEventException {
        if (!version.equals("1.0")) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, name + " is '" + version + "'; it must be 1.0");
        }
    }

    private static void checkAttribute(String name, String value, int bytes) throws UnreadableEventException {
        if (value == null) {
            return;
        }
        if (value.isEmpty()) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the CloudEvent's " + name + " is empty");
        }
        if (value.indexOf('\0') >= 0) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the CloudEvent's " + name + " contains a zero character");
        }
        if (!CleanText.fits(value, bytes)) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the CloudEvent's %s has more than %,d bytes".formatted(name, bytes));
        }
    }

    private static Instant time(String time) throws UnreadableEventException {
        try {
            Instant instant = OffsetDateTime.parse(time).toInstant();
            if (!instant.isBefore(EARLIEST) && !instant.isAfter(LATEST)) {
                return instant;
            }
        } catch (DateTimeException e) {
            // Rejected below.
        }
        throw new UnreadableEventException(
                Kind.NOT_AN_EVENT, "the time '" + time + "' is not an RFC 3339 time of the years 1970 to 9999");
    }

    /// @return the time of the record; the current time if its producer gave none or an invalid one
    private static Instant delivered(ConsumerRecord<String, byte[]> record) {
        long millis = record.timestamp();
        return millis < 0 || millis > LATEST.toEpochMilli() ? Instant.now() : Instant.ofEpochMilli(millis);
    }

    private static String required(JsonNode json, String name) throws UnreadableEventException {
        String value = attribute(json, name);
        if (value == null) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the structured CloudEvent has no string '%s'".formatted(name));
        }
        return value;
    }

    private static String attribute(JsonNode json, String name) throws UnreadableEventException {
        JsonNode value = json.path(name);
        if (!value.isTextual() && !value.isMissingNode() && !value.isNull()) {
            throw new UnreadableEventException(
                    Kind.NOT_AN_EVENT, "the structured CloudEvent's '%s' is not a string".formatted(name));
        }
        return value.textValue();
    }

    private static String required(ConsumerRecord<String, byte[]> record, String name) throws UnreadableEventException {
        String value = header(record, name);
        if (value == null) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the CloudEvent has no header " + name);
        }
        return value;
    }

    private static String header(ConsumerRecord<String, byte[]> record, String name) throws UnreadableEventException {
        Header header = record.headers().lastHeader(name);
        if (header == null || header.value() == null) {
            return null;
        }
        try {
            // Decode strictly: replacement characters could make two ids equal.
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(header.value())).toString();
        } catch (CharacterCodingException e) {
            throw new UnreadableEventException(Kind.NOT_AN_EVENT, "the header " + name + " is not UTF-8");
        }
    }
}
