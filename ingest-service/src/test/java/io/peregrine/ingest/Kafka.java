package io.peregrine.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// The other end of the real broker: publishes like a user, hears like the next service.
final class Kafka implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final KafkaProducer<String, byte[]> producer;
    private final KafkaConsumer<String, byte[]> consumer;
    private final List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    private final List<CloudEvent> heard = new ArrayList<>();

    Kafka(String bootstrapServers) {
        producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers, "acks", "all"),
                new StringSerializer(),
                new ByteArraySerializer());
        consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        "group.id",
                        "test-" + System.nanoTime(),
                        "auto.offset.reset",
                        "earliest"),
                new StringDeserializer(),
                new ByteArrayDeserializer());
        consumer.subscribe(Topics.partitions().keySet());
    }

    /// Publishes bare JSON, as any producer's one-liner does.
    ///
    /// @return the run that it begins
    String publish(String json) throws InterruptedException, ExecutionException, UnreadableEvent {
        RecordMetadata sent = producer.send(new ProducerRecord<>(Topics.DATASETS, json.getBytes(UTF_8)))
                .get();
        ConsumerRecord<String, byte[]> record = awaitRecord(sent);
        return EventCodec.read(record).subject();
    }

    void publish(CloudEvent event) throws InterruptedException, ExecutionException {
        producer.send(EventCodec.write(event)).get();
    }

    private ConsumerRecord<String, byte[]> awaitRecord(RecordMetadata sent) {
        return await(() -> records.stream()
                .filter(record -> record.topic().equals(sent.topic())
                        && record.partition() == sent.partition()
                        && record.offset() == sent.offset())
                .findFirst()
                .orElse(null));
    }

    /// Waits for an event of a run.
    <E extends PipelineEvent> E await(String run, Class<E> type, Predicate<E> wanted) {
        return await(() -> of(run, type).stream().filter(wanted).findFirst().orElse(null));
    }

    <E extends PipelineEvent> E await(String run, Class<E> type) {
        return await(run, type, event -> true);
    }

    /// @return what was heard of a run so far, each event once
    <E extends PipelineEvent> List<E> of(String run, Class<E> type) {
        return envelopes(run).stream()
                .map(CloudEvent::data)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    List<CloudEvent> envelopes(String run) {
        poll();
        List<String> ids = new ArrayList<>();
        return heard.stream()
                .filter(event -> event.subject().equals(run) && !ids.contains(event.id()) && ids.add(event.id()))
                .toList();
    }

    private <T> T await(Supplier<T> look) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            T found = look.get();
            if (found != null) {
                return found;
            }
            poll();
        }
        throw new AssertionError("not heard within %s; heard: %s".formatted(PATIENCE, heard));
    }

    private void poll() {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
            records.add(record);
            try {
                heard.add(EventCodec.read(record));
            } catch (UnreadableEvent notForUs) {
                // Rubbish that a test has published.
            }
        }
    }

    @Override
    public void close() {
        producer.close();
        consumer.close();
    }
}
