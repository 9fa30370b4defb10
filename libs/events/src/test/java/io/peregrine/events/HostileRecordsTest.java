package io.peregrine.events;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Reading any record either returns an event that every table can store or throws [UnreadableEventException].
class HostileRecordsTest {

    private static final Instant LATEST = Instant.parse("+10000-01-01T00:00:00Z");

    private static final List<String> TOPICS = List.copyOf(Topics.partitions().keySet());

    private static final List<String> TEXTS = List.of(
            "",
            "null",
            "\0",
            "a\0b",
            "\ud800",
            "\udc00x",
            "x".repeat(3_000),
            "ü".repeat(3_000),
            "../../../../../../../tmp/pwned___",
            "store:../../etc/passwd",
            "store:pack/../../../etc/passwd",
            "/kafka/peregrine.datasets",
            "0".repeat(64),
            "io.peregrine.run.failed.v1",
            "+999999999-12-31T23:59:59Z",
            "-999999999-01-01T00:00:00+18:00",
            "0001-01-01T00:00:00Z",
            "1.0",
            "2.0",
            "application/cloudevents",
            "00-zz-zz-01",
            "1e999999999");

    private static final List<String> NUMBERS = List.of(
            "0",
            "-1",
            "1e308",
            "1e999",
            "9223372036854775808",
            "-9223372036854775809",
            "7".repeat(900),
            "0.5",
            "1E-400");

    private static final List<byte[]> VALUES = List.of(
            new byte[0],
            bytes("null"),
            bytes("true"),
            bytes("3"),
            bytes("\"text\""),
            bytes("[]"),
            bytes("{}"),
            bytes("[".repeat(5_000)),
            bytes("[".repeat(900) + "]".repeat(900)),
            bytes("{\"dataset\":".repeat(1_000)),
            bytes("{\"dataset\":\"d\",\"uri\":" + "{\"a\":".repeat(90) + "1" + "}".repeat(91)),
            bytes("{\"dataset\":\"\\ud800\",\"\\u0000\":\"\\udfff\"}"),
            bytes("1".repeat(2_000)),
            bytes("{\"dataset\":\"d\"} {}"),
            new byte[] {(byte) 0xff, (byte) 0xfe, '{', 0},
            new byte[] {0, 0, 0, '{'},
            new byte[] {'"', (byte) 0xc3, '"'},
            new byte[RecordReader.MAX_BYTES + 1]);

    private static final int SEEDS = 8;

    private static final List<ProducerRecord<String, byte[]>> GOOD =
            EventCodecTest.oneOfEach().map(HostileRecordsTest::written).toList();

    /// The same values as JSON, by identity of the arrays and not by their content.
    private static final Map<byte[], JsonNode> TREES = new IdentityHashMap<>();

    static {
        GOOD.forEach(record -> TREES.put(record.value(), json(record.value())));
    }

    private Random random;

    /// @param refused number of rejected records by kind
    private record Read(int understood, Map<UnreadableEventException.Kind, Integer> refused) {}

    @Test
    void everyRecordIsReadAsAStorableEventOrRejected() {
        read(40_000);
    }

    @Test
    @Tag("slow")
    void soAreTwoHundredThousandRecords() {
        read(200_000);
    }

    private static void read(int records) {
        int each = records / SEEDS;
        List<Read> reads = IntStream.range(0, SEEDS)
                .parallel()
                .mapToObj(seed -> new HostileRecordsTest().readMany(seed, each))
                .toList();

        // The mutations must be neither all harmless nor all so coarse that none passes the first check.
        assertThat(reads).allSatisfy(read -> {
            assertThat(read.understood()).isBetween(each / 20, each / 2);
            for (UnreadableEventException.Kind kind : UnreadableEventException.Kind.values()) {
                assertThat(read.refused().get(kind)).as("%s", kind).isGreaterThan(each / 100);
            }
        });
    }

    private Read readMany(int seed, int records) {
        random = new Random(seed);
        int understood = 0;
        Map<UnreadableEventException.Kind, Integer> refused = new EnumMap<>(UnreadableEventException.Kind.class);
        for (int i = 0; i < records; i++) {
            ConsumerRecord<String, byte[]> record = hostile();
            try {
                mustBeStorable(EventCodec.read(record));
                understood++;
            } catch (UnreadableEventException expected) {
                refused.merge(expected.kind(), 1, Integer::sum);
                mustBeText(expected.getMessage(), 4_100);
            } catch (RuntimeException | Error unexpected) {
                throw new AssertionError("seed %d, record %d: %s".formatted(seed, i, record), unexpected);
            }
        }
        return new Read(understood, refused);
    }

    private static void mustBeStorable(CloudEvent event) {
        mustBeText(event.id(), 512);
        mustBeText(event.source(), 1_024);
        must(!event.id().isEmpty() && !event.source().isEmpty(), "id and source are not empty");
        for (String text : Arrays.asList(event.subject(), event.correlationId(), event.causationId())) {
            mustBeText(text == null ? "" : text, 512);
        }
        must(!event.time().isBefore(Instant.EPOCH) && event.time().isBefore(LATEST), "the time fits a row");
        RunRef run = event.data().run();
        must(RunRef.isId(run == null ? event.subject() : run.id()), "the run's id is a digest");
        mustHoldText(EventCodec.json().valueToTree(event.data()));
        must(EventCodec.digest(event).length == 32, "the event can be written again");
    }

    private static void mustHoldText(JsonNode json) {
        if (json.isTextual()) {
            mustBeText(json.textValue(), Integer.MAX_VALUE);
        }
        json.properties().forEach(field -> mustBeText(field.getKey(), Integer.MAX_VALUE));
        json.forEach(HostileRecordsTest::mustHoldText);
    }

    private static void mustBeText(String text, int bytes) {
        must(text.indexOf('\0') < 0, "no zero character");
        // An unpaired surrogate would come back as a question mark.
        byte[] encoded = text.getBytes(UTF_8);
        must(new String(encoded, UTF_8).equals(text), "no unpaired surrogate");
        must(encoded.length <= bytes, "a bounded text");
    }

    /// With up to a hundred strings per record and 200,000 records, an assertion library would be too slow.
    private static void must(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("broken: " + what);
        }
    }

    private ConsumerRecord<String, byte[]> hostile() {
        ProducerRecord<String, byte[]> base = any(GOOD);
        String topic = chance(20) ? any(TOPICS) : base.topic();
        byte[] value = base.value();
        Headers headers = new RecordHeaders(base.headers().toArray());
        switch (random.nextInt(12)) {
            case 0 -> value = null;
            case 1 -> value = any(VALUES);
            case 2 -> value = damaged(value.clone());
            case 3 -> {
                value = chance(2) ? damaged(structured(base)) : structured(base);
                headers = chance(2) ? new RecordHeaders() : headers;
                topic = Topics.DATASETS;
            }
            case 4, 5 -> damage(headers);
            case 6 -> {
                headers = new RecordHeaders();
                topic = Topics.DATASETS;
                value = chance(2) ? mutated(value) : value;
            }
            case 7 -> {
                value = mutated(value);
                damage(headers);
            }
            default -> value = mutated(value);
        }
        long timestamp = chance(10) ? random.nextLong() : 1_700_000_000_000L;
        return new ConsumerRecord<>(
                topic,
                0,
                random.nextInt(1_000),
                timestamp,
                TimestampType.CREATE_TIME,
                0,
                value == null ? -1 : value.length,
                chance(2) ? null : any(TEXTS),
                value,
                headers,
                Optional.empty());
    }

    private void damage(Headers headers) {
        Header[] all = headers.toArray();
        String name = chance(8) ? any(List.of("traceparent", "content-type", "ce_time", "ce_x")) : any(all).key();
        byte[] value = chance(6) ? null : chance(4) ? any(VALUES) : bytes(any(TEXTS));
        if (chance(3)) {
            headers.remove(name);
        } else {
            headers.add(new RecordHeader(name, value == null || value.length < 100_000 ? value : new byte[] {-1}));
        }
    }

    private byte[] damaged(byte[] value) {
        if (chance(2)) {
            return Arrays.copyOf(value, random.nextInt(value.length));
        }
        for (int i = random.nextInt(4); i >= 0; i--) {
            value[random.nextInt(value.length)] = (byte) random.nextInt();
        }
        return value;
    }

    private byte[] structured(ProducerRecord<String, byte[]> base) {
        ObjectNode event = JsonNodeFactory.instance.objectNode();
        for (Header header : base.headers()) {
            event.put(header.key().replace("ce_", ""), new String(header.value(), UTF_8));
        }
        JsonNode data = TREES.get(base.value()).deepCopy();
        event.set("data", data);
        return chance(3) ? bytes(event) : bytes(mutated((JsonNode) event));
    }

    /// Replaces, removes or adds up to three values at random places in the tree.
    private byte[] mutated(byte[] value) {
        JsonNode copy = TREES.get(value).deepCopy();
        return bytes(mutated(copy));
    }

    private JsonNode mutated(JsonNode json) {
        for (int i = random.nextInt(3); i >= 0; i--) {
            List<JsonNode> rooms = new ArrayList<>();
            rooms(json, rooms);
            switch (any(rooms)) {
                case ObjectNode object -> {
                    List<String> names = new ArrayList<>();
                    object.fieldNames().forEachRemaining(names::add);
                    String name = names.isEmpty() || chance(10) ? any(TEXTS) : any(names);
                    if (chance(5)) {
                        object.remove(name);
                    } else {
                        object.set(name, hostileJson());
                    }
                }
                case ArrayNode array -> {
                    if (array.isEmpty() || chance(2)) {
                        array.add(hostileJson());
                    } else {
                        array.set(random.nextInt(array.size()), hostileJson());
                    }
                }
                default -> throw new AssertionError("neither an object nor a list");
            }
        }
        return json;
    }

    private static void rooms(JsonNode json, List<JsonNode> rooms) {
        if (json.isContainerNode()) {
            rooms.add(json);
            json.forEach(each -> rooms(each, rooms));
        }
    }

    private JsonNode hostileJson() {
        JsonNodeFactory make = JsonNodeFactory.instance;
        return switch (random.nextInt(6)) {
            case 0 -> make.nullNode();
            case 1 -> make.textNode(any(TEXTS));
            case 2 -> make.rawValueNode(new com.fasterxml.jackson.databind.util.RawValue(any(NUMBERS)));
            case 3 -> make.arrayNode().add(make.nullNode());
            case 4 -> make.objectNode().set("x", make.nullNode());
            default -> make.booleanNode(true);
        };
    }

    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private <T> T any(T[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static ProducerRecord<String, byte[]> written(PipelineEvent event) {
        String run = event.run() == null ? null : event.run().id();
        return EventCodec.write(new CloudEvent(
                "id", "/test", event.type(), Instant.parse("2026-01-02T03:04:05Z"), run, run, "cause", event));
    }

    private static JsonNode json(byte[] value) {
        try {
            return EventCodec.json().readTree(value);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(JsonNode json) {
        // Unlike UTF-8, this writes an unpaired surrogate as an escape sequence.
        return bytes(json.toString());
    }

    private static byte[] bytes(String text) {
        StringBuilder escaped = new StringBuilder();
        text.chars().forEach(c -> {
            if (Character.isSurrogate((char) c)) {
                escaped.append("\\u%04x".formatted(c));
            } else {
                escaped.append((char) c);
            }
        });
        return escaped.toString().getBytes(UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ABCDEF6789abcdef0123456789abcdef",
                "0123456789abcdef0123456789abcde",
                "../../../../../../../tmp/pwned__",
                "0123456789abcdef0123456789abcdef\n"
            })
    void aRunsIdIsThirtyTwoHexadecimalDigits(String id) {
        assertThatThrownBy(() -> new RunRef(id, "d", null)).hasMessageContaining("32 lower-case hexadecimal digits");
    }

    @Test
    void theSourceOfBareRecordsIsReserved() {
        ProducerRecord<String, byte[]> ready = good(PipelineEvent.DatasetReady.class);
        for (String id : List.of("1", "ab".repeat(32), "../../../../../../../tmp/pwned___")) {
            ConsumerRecord<String, byte[]> record = new ConsumerRecord<>(ready.topic(), 0, 0, null, ready.value());
            ready.headers().forEach(record.headers()::add);
            record.headers()
                    .add("ce_source", bytes("/kafka/peregrine.datasets"))
                    .add("ce_id", bytes(id));

            assertThatThrownBy(() -> EventCodec.read(record))
                    .isInstanceOf(UnreadableEventException.class)
                    .hasMessageContaining("use a source of your own");
        }
    }

    @Test
    void structuredModeIsDetectedByItsContentTypeEvenWithHeaders() throws UnreadableEventException {
        ProducerRecord<String, byte[]> ready = good(PipelineEvent.DatasetReady.class);
        ConsumerRecord<String, byte[]> record = new ConsumerRecord<>(
                ready.topic(),
                0,
                0,
                null,
                bytes(
                        "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/me\",\"type\":\"io.peregrine.dataset.ready.v1\","
                                + "\"data\":{\"dataset\":\"d\",\"uri\":\"file:///d\"}}"));
        ready.headers().forEach(record.headers()::add);
        record.headers().add("content-type", "Application/CloudEvents+json".getBytes(ISO_8859_1));

        assertThat(EventCodec.read(record).id()).isEqualTo("7");
    }

    @Test
    void noFailureIsTooLargeToBePublished() {
        String worst = "\u0001\ud83c\udfa8".repeat(50_000);
        List<FieldError> errors = new ArrayList<>();
        String found = CleanText.shortened(worst, 100);
        for (int i = 0; i < 3_000; i++) {
            errors.add(new FieldError(found, found, "is not a field of a dataset-ready", "x".repeat(250)));
        }
        RunRef run = new RunRef("ab".repeat(16), CleanText.shortened(worst, 200), null);

        PipelineEvent.RunFailed failed =
                new PipelineEvent.RunFailed(run, Stage.INGEST, FailureKind.INPUT, worst, worst, errors);

        assertThat(failed.detail()).endsWith("3,000 fields are wrong, of which the first 20 are listed)");
        assertThat(EventCodec.data(failed)).hasSizeLessThan(EventCodec.MAX_BYTES);
        assertThat(new PipelineEvent.RunCancelled(run, worst).reason()).endsWith("… (and 99,040 more characters)");
        assertThat(EventCodec.data(new PipelineEvent.RunCancelled(run, worst))).hasSizeLessThan(EventCodec.MAX_BYTES);
    }

    private ProducerRecord<String, byte[]> good(Class<? extends PipelineEvent> type) {
        return EventCodecTest.oneOfEach()
                .filter(type::isInstance)
                .map(HostileRecordsTest::written)
                .findFirst()
                .orElseThrow();
    }
}
