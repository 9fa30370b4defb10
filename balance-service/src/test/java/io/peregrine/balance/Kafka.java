package io.peregrine.balance;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// The services on both sides of this one: says what ingest says, hears what the trainer hears.
final class Kafka implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final KafkaProducer<String, byte[]> producer;
    private final KafkaConsumer<String, byte[]> consumer;
    private final List<CloudEvent> heard = new ArrayList<>();

    Kafka(String bootstrapServers) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrapServers, "acks", "all");
        producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers), new StringDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> all = new ArrayList<>();
        Topics.partitions().forEach((topic, partitions) -> {
            for (int partition = 0; partition < partitions; partition++) {
                all.add(new TopicPartition(topic, partition));
            }
        });
        consumer.assign(all);
        consumer.seekToBeginning(all);
    }

    /// @param ordinal of the event's id, as ingest would give it
    void say(PipelineEvent event, String ordinal) throws InterruptedException, ExecutionException {
        String run = event.run().id();
        String id = EventCodec.eventId(run, event.type(), ordinal);
        producer.send(EventCodec.write(new CloudEvent(
                        id, "/peregrine/ingest-service", event.type(), Instant.now(), run, run, null, event)))
                .get();
    }

    <E extends PipelineEvent> E await(String run, Class<E> type) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            List<E> found = of(run, type);
            if (!found.isEmpty()) {
                return found.getFirst();
            }
        }
        throw new AssertionError("no %s within %s; heard: %s".formatted(type.getSimpleName(), PATIENCE, heard));
    }

    /// @return what was heard of a run so far; a repeated delivery, which the contract allows, once
    <E extends PipelineEvent> List<E> of(String run, Class<E> type) {
        poll();
        return heard.stream()
                .filter(event -> event.subject().equals(run) && type.isInstance(event.data()))
                .map(CloudEvent::data)
                .map(type::cast)
                .distinct()
                .toList();
    }

    private void poll() {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
            try {
                heard.add(EventCodec.read(record));
            } catch (UnreadableEvent impossible) {
                throw new AssertionError(impossible);
            }
        }
    }

    @Override
    public void close() {
        producer.close();
        consumer.close();
    }
}
