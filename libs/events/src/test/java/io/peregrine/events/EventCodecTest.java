package io.peregrine.events;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.PipelineEvent.Calibration;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.UnreadableEventException.Kind;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EventCodecTest {
    private static final String DIGEST = "ab".repeat(32);
    private static final ArtifactRef REF = new ArtifactRef("store:pack/ab/" + DIGEST + ".safetensors", DIGEST, 12);
    private static final ManifestRef MANIFEST = new ManifestRef(REF, REF);
    private static final RunRef RUN = new RunRef("0123456789abcdef0123456789abcdef", "wikiart", REF);

    /// Data that grows with the number of classes or with k belongs in an artifact, to which the event refers.
    @Test
    void onlyTheseFieldsHoldManyValuesAndEachIsBounded() {
        Map<String, String> bounds = Map.of(
                "ImagesIngested.images", "split into events of 48 KiB by who writes them",
                "DatasetBalanced.shards", "at most 200 by BalancedSet",
                "RunFailed.errors", "at most 20 by Fields",
                "StageQueued.behind", "at most ten runs",
                "CheckpointPublished.measures", "by names that the trainer knows",
                "StageProgressed.measures", "by names that a stage knows",
                "ClustersComputed.measures", "by measure and split");
        assertThat(EventTypes.all().stream()
                        .flatMap(event -> Stream.of(event.getRecordComponents()))
                        .flatMap(EventCodecTest::parts)
                        .filter(part -> Iterable.class.isAssignableFrom(part.getType())
                                || Map.class.isAssignableFrom(part.getType()))
                        .filter(part -> part.getType() != ObjectNode.class)
                        .map(part -> part.getDeclaringRecord().getSimpleName() + "." + part.getName()))
                .containsExactlyInAnyOrderElementsOf(bounds.keySet());
    }

    /// A component and, if it is a record, its components.
    private static Stream<RecordComponent> parts(RecordComponent component) {
        return component.getType().isRecord()
                ? Stream.of(component.getType().getRecordComponents()).flatMap(EventCodecTest::parts)
                : Stream.of(component);
    }

    static Stream<PipelineEvent> oneOfEach() {
        ObjectNode body = EventCodec.json().createObjectNode();
        body.put("dataset", "wikiart").put("uri", "file:///data/wikiart");
        return Stream.of(
                new DatasetReady("wikiart", body),
                new RunAccepted(RUN, "file:///data/wikiart"),
                new ImagesIngested(
                        RUN, "Cubism", Split.TRAIN, 3, REF, List.of(new ImageRef("1f", 7, "a/b.jpg", DIGEST, 0))),
                new ImageRejected(
                        RUN, "1f", 8, "Cubism", Split.TEST, "c.jpg", DIGEST, "IMAGE_TRUNCATED", "it ends early"),
                new DatasetSealed(RUN, MANIFEST, 27, 410, 41, 1, 0),
                new ShardWritten(RUN, 0, 15, REF, 4_096),
                new DatasetBalanced(RUN, MANIFEST, List.of(REF), REF, 405, 11),
                new CheckpointPublished(
                        RUN,
                        Network.CLASSIFIER,
                        4,
                        4,
                        true,
                        true,
                        REF,
                        Map.of("loss", 0.5, "accuracy", 0.9, "imagesPerSecond", 100.0),
                        new TestMeasures(1, 0.5, 0.4, 0.3, 10, new Calibration(0.3, 0.2, 0.55), REF)),
                new StageQueued(
                        new RunRef("ab".repeat(16), "wikiart", REF, -3),
                        Stage.TRAIN,
                        2,
                        List.of("cd".repeat(16)),
                        12.5,
                        "STORE_FULL: The disk is full."),
                new StageProgressed(RUN, Stage.TRAIN, "classifier", 1, 4, "epochs", Map.of("loss", Double.NaN)),
                new ClustersComputed(RUN, REF, REF, 27, 12, 1e9, Map.of("nmi.test", 0.3)),
                new RunCompleted(RUN),
                new RunFailed(
                        RUN,
                        Stage.BALANCE,
                        FailureKind.INPUT,
                        "CLASS_TOO_SMALL",
                        "class Cubism has 1 image",
                        List.of(new FieldError("/balance/neighbours", "5", "is too large", "at most 1"))),
                new RunCancelled(RUN, "asked for"),
                new RunDeleted(RUN));
    }

    @Test
    void everyKindOfEventIsInTheListOfThisTest() {
        assertThat(oneOfEach().map(PipelineEvent::getClass).collect(Collectors.toSet()))
                .isEqualTo(EventTypes.all())
                .hasSize(PipelineEvent.class.getPermittedSubclasses().length);
    }

    @ParameterizedTest
    @MethodSource("oneOfEach")
    void whatIsWrittenIsReadAgain(PipelineEvent event) throws UnreadableEventException {
        String run = event.run() == null ? null : event.run().id();
        CloudEvent written = new CloudEvent(
                "id-1",
                "/peregrine/test",
                event.type(),
                Instant.parse("2026-01-02T03:04:05.678Z"),
                run,
                run,
                "c",
                event);

        CloudEvent read = EventCodec.read(delivered(EventCodec.write(written)));

        assertThat(read.data()).isEqualTo(event);
        assertThat(read)
                .usingRecursiveComparison()
                .ignoringFields("data", "subject", "correlationId")
                .isEqualTo(written);
        assertThat(read.subject()).isEqualTo(run == null ? EventCodec.runId("/peregrine/test", "id-1") : run);
        assertThat(EventCodec.event(event.type(), EventCodec.data(event))).isEqualTo(event);
    }

    @Test
    void theWireFormatIsThatOfTheContract() {
        CheckpointPublished event = (CheckpointPublished) oneOfEach()
                .filter(CheckpointPublished.class::isInstance)
                .findFirst()
                .orElseThrow();
        ProducerRecord<String, byte[]> record = EventCodec.write(
                new CloudEvent("i", "/s", event.type(), Instant.EPOCH, RUN.id(), RUN.id(), null, event));

        assertThat(record.topic()).isEqualTo("peregrine.checkpoints");
        assertThat(record.key()).isEqualTo(RUN.id());
        assertThat(new String(record.headers().lastHeader("ce_type").value(), UTF_8))
                .isEqualTo("io.peregrine.checkpoint.published.v1");
        assertThat(new String(record.headers().lastHeader("content-type").value(), UTF_8))
                .isEqualTo("application/json");
        assertThat(record.headers().lastHeader("ce_causationid")).isNull();
        // Map keys are sorted, so that two processes write the same bytes.
        assertThat(new String(record.value(), UTF_8))
                .contains("\"network\":\"classifier\"")
                .contains("\"measures\":{\"accuracy\":0.9,\"imagesPerSecond\":100.0,\"loss\":0.5}")
                .contains("\"spec\":{\"uri\":\"store:pack/ab/");
    }

    @Test
    void bareJsonStartsARunWhoseIdIsADigestOfItsPositionAndBytes() throws UnreadableEventException {
        byte[] bytes = "{\"dataset\":\"wikiart\",\"uri\":\"file:///data/wikiart\"}".getBytes(UTF_8);

        CloudEvent first = EventCodec.read(record(Topics.DATASETS, 5, bytes));
        CloudEvent again = EventCodec.read(record(Topics.DATASETS, 5, bytes));
        CloudEvent next = EventCodec.read(record(Topics.DATASETS, 6, bytes));

        assertThat(first.data()).isInstanceOf(DatasetReady.class);
        assertThat(first).isEqualTo(again);
        assertThat(EventCodec.runId(first)).matches("[0-9a-f]{32}").isEqualTo(first.subject());
        assertThat(EventCodec.runId(next)).isNotEqualTo(EventCodec.runId(first));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"application/cloudevents+json; charset=utf-8", "APPLICATION/CloudEvents", "text/plain"})
    void structuredModeAlsoStartsARun(String contentType) throws UnreadableEventException {
        ConsumerRecord<String, byte[]> record = record(Topics.DATASETS, 1, """
                {"specversion":"1.0","id":"7","source":"/me","type":"io.peregrine.dataset.ready.v1",
                 "data":{"dataset":"wikiart","uri":"file:///data/wikiart"}}""".getBytes(UTF_8));
        record.headers().add("content-type", contentType.getBytes(UTF_8));

        CloudEvent event = EventCodec.read(record);

        assertThat(event.id()).isEqualTo("7");
        assertThat(event.subject()).isEqualTo(EventCodec.runId("/me", "7"));
    }

    /// The Kafka protocol binding lets structured mode repeat its attributes as headers.
    @Test
    void theContentTypeDecidesBetweenTheModes() throws UnreadableEventException {
        ConsumerRecord<String, byte[]> record = record(Topics.DATASETS, 1, """
                {"specversion":"1.0","id":"7","source":"/me","type":"io.peregrine.dataset.ready.v1",
                 "data":{"dataset":"wikiart","uri":"file:///data/wikiart"}}""".getBytes(UTF_8));
        Map.of(
                        "content-type", "application/cloudevents+json; charset=UTF-8",
                        "ce_specversion", "1.0",
                        "ce_id", "another",
                        "ce_source", "/another",
                        "ce_type", "io.peregrine.dataset.ready.v1")
                .forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));

        assertThat(EventCodec.read(record).id()).isEqualTo("7");
    }

    @Test
    void structuredModeMayHaveBase64Data() throws UnreadableEventException {
        byte[] data = "{\"dataset\":\"wikiart\",\"uri\":\"file:///data/wikiart\"}".getBytes(UTF_8);
        CloudEvent event = EventCodec.read(
                record(Topics.DATASETS, 1, """
                {"specversion":"1.0","id":"7","source":"/me","type":"io.peregrine.dataset.ready.v1",
                 "data_base64":"%s"}""".formatted(Base64.getEncoder().encodeToString(data))
                        .getBytes(UTF_8)));
        assertThat(((DatasetReady) event.data()).dataset()).isEqualTo("wikiart");
    }

    @ParameterizedTest
    @CsvSource({"0.3", "2.0", "1", "''"})
    void otherVersionsAreRefusedInBothModes(String version) {
        String data = "{\"dataset\":\"wikiart\",\"uri\":\"file:///data/wikiart\"}";
        ConsumerRecord<String, byte[]> binary = record(Topics.DATASETS, 1, data.getBytes(UTF_8));
        Map.of("ce_specversion", version, "ce_id", "7", "ce_source", "/me", "ce_type", "io.peregrine.dataset.ready.v1")
                .forEach((name, value) -> binary.headers().add(name, value.getBytes(UTF_8)));
        ConsumerRecord<String, byte[]> structured =
                record(Topics.DATASETS, 1, """
                {"specversion":"%s","id":"7","source":"/me","type":"io.peregrine.dataset.ready.v1","data":%s}""".formatted(version, data).getBytes(UTF_8));
        for (ConsumerRecord<String, byte[]> record : List.of(binary, structured)) {
            assertThat(catchThrowableOfType(UnreadableEventException.class, () -> EventCodec.read(record))
                            .kind())
                    .isEqualTo(Kind.NOT_AN_EVENT);
        }
    }

    @ParameterizedTest
    @CsvSource({"\\ud800", "\\udc00 a", "a \\ud83d"})
    void halfASurrogatePairIsRefused(String escaped) {
        for (String json : List.of(
                "{\"dataset\":\"%s\",\"uri\":\"file:///d\"}".formatted(escaped),
                "{\"dataset\":\"d\",\"uri\":\"file:///d\",\"notes\":[{\"%s\":1}]}".formatted(escaped))) {
            // Jackson refuses half of a surrogate pair in a field name itself.
            assertThatThrownBy(() -> EventCodec.read(record(Topics.DATASETS, 0, json.getBytes(UTF_8))))
                    .isInstanceOf(UnreadableEventException.class)
                    .hasMessageMatching("(?s).*(send text without it|urrogate).*");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "peregrine.datasets|not json|NOT_AN_EVENT",
                "peregrine.datasets|{\"dataset\":\"a\"} x|NOT_AN_EVENT",
                "peregrine.datasets|[]|BAD_DATA",
                "peregrine.datasets|{\"uri\":\"file:///x\"}|BAD_DATA",
                "peregrine.datasets|{\"dataset\":3}|BAD_DATA",
                "peregrine.datasets|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"no.such\",\"data\":{}}|UNKNOWN_TYPE",
                "peregrine.datasets|{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}|NOT_AN_EVENT",
                "peregrine.images|{\"dataset\":\"a\"}|NOT_AN_EVENT"
            })
    void whatIsNoEventIsNamed(String topic, String value, Kind kind) {
        UnreadableEventException refused = catchThrowableOfType(
                UnreadableEventException.class, () -> EventCodec.read(record(topic, 0, value.getBytes(UTF_8))));
        assertThat(refused.kind()).isEqualTo(kind);
        assertThat(refused).hasMessageMatching("(?s).{15,}");
    }

    @Test
    void anEventOnAnotherTopicIsRefused() {
        RunCompleted event = new RunCompleted(RUN);
        ProducerRecord<String, byte[]> produced =
                EventCodec.write(new CloudEvent("i", "/s", event.type(), Instant.EPOCH, null, RUN.id(), null, event));
        ConsumerRecord<String, byte[]> elsewhere = record(Topics.IMAGES, 0, produced.value());
        produced.headers().forEach(elsewhere.headers()::add);

        assertThatThrownBy(() -> EventCodec.read(elsewhere))
                .hasMessageContaining("belongs on topic peregrine.runs, not on peregrine.images");
    }

    @Test
    void anEventThatIsTooLargeIsNotPublished() {
        RunAccepted event = new RunAccepted(RUN, "file:///" + "x".repeat(70_000));
        assertThatThrownBy(() -> EventCodec.write(
                        new CloudEvent("i", "/s", event.type(), Instant.EPOCH, null, RUN.id(), null, event)))
                .hasMessageContaining("the maximum is 65536");
    }

    @Test
    void idsDistinguishRunTypeAndOrdinal() {
        assertThat(EventCodec.eventId("r", "t", "12"))
                .isEqualTo(EventCodec.eventId("r", "t", "12"))
                .isNotEqualTo(EventCodec.eventId("r", "t1", "2"))
                .matches("[0-9a-f]{32}");
    }

    private static ConsumerRecord<String, byte[]> delivered(ProducerRecord<String, byte[]> produced) {
        ConsumerRecord<String, byte[]> record = record(produced.topic(), 0, produced.value());
        produced.headers().forEach(record.headers()::add);
        return record;
    }

    private static ConsumerRecord<String, byte[]> record(String topic, long offset, byte[] value) {
        return new ConsumerRecord<>(
                topic,
                0,
                offset,
                1_700_000_000_000L,
                TimestampType.CREATE_TIME,
                0,
                value.length,
                null,
                value,
                new RecordHeaders(),
                java.util.Optional.empty());
    }
}
