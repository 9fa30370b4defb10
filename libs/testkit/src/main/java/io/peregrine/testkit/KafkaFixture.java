package io.peregrine.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEventException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// A test's producer and consumer on the real broker. It publishes the events of the services around the tested
/// one, and receives all five topics from their beginning. For use by one thread.
public final class KafkaFixture implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private record Received(String topic, int partition, long offset, CloudEvent event) {}

    private final KafkaProducer<String, byte[]> producer;
    private final KafkaConsumer<String, byte[]> consumer;
    private final List<Received> received = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();

    /// @param bootstrapServers of the broker, whose topics must exist
    public KafkaFixture(String bootstrapServers) {
        producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers, "acks", "all"),
                new StringSerializer(),
                new ByteArraySerializer());
        consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed"),
                new StringDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> all = new ArrayList<>();
        Topics.partitions().forEach((topic, partitions) -> {
            for (int partition = 0; partition < partitions; partition++) {
                all.add(new TopicPartition(topic, partition));
            }
        });
        consumer.assign(all);
        consumer.seekToBeginning(all);
    }

    /// Publishes a dataset-ready event as plain JSON without CloudEvents headers.
    ///
    /// @return the id of the run that it starts
    public String publish(String json) {
        RecordMetadata at = publish(new ProducerRecord<>(Topics.DATASETS, json.getBytes(UTF_8)));
        return until(
                        "the record at " + at,
                        () -> received().stream()
                                .filter(h -> h.topic().equals(at.topic())
                                        && h.partition() == at.partition()
                                        && h.offset() == at.offset())
                                .findFirst())
                .event()
                .subject();
    }

    /// Publishes an event as another service does.
    ///
    /// @param service the publishing service, such as `ingest-service`
    /// @param ordinal distinguishes events of one type and run; empty if there is only one
    public void publish(PipelineEvent event, String service, String ordinal) {
        String run = event.run().id();
        publish(new CloudEvent(
                EventCodec.eventId(run, event.type(), ordinal),
                "/peregrine/" + service,
                event.type(),
                Instant.now(),
                run,
                run,
                null,
                event));
    }

    /// Publishes events in this order, each acknowledged before the next.
    public void publish(List<CloudEvent> events) {
        events.forEach(this::publish);
    }

    /// Publishes an event.
    public void publish(CloudEvent event) {
        publish(EventCodec.write(event));
    }

    /// Sends a record, which need not be an event, and waits for the broker's acknowledgement.
    public RecordMetadata publish(ProducerRecord<String, byte[]> record) {
        try {
            return producer.send(record).get();
        } catch (ExecutionException e) {
            throw new AssertionError("cannot publish a record on " + record.topic(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while sending", e);
        }
    }

    /// @return the first event of this run and type; waits up to a minute
    public <E extends PipelineEvent> E await(String run, Class<E> type) {
        return await(run, type, event -> true);
    }

    /// @return the first matching event of this run and type; waits up to a minute
    public <E extends PipelineEvent> E await(String run, Class<E> type, Predicate<E> wanted) {
        return until(
                type.getSimpleName() + " of run " + run,
                () -> of(run, type).stream().filter(wanted).findFirst());
    }

    /// @return the events of a run received so far, in the broker's order within a partition
    public <E extends PipelineEvent> List<E> of(String run, Class<E> type) {
        return envelopes(run).stream()
                .map(CloudEvent::data)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /// @return the events of a run received so far with their envelopes; repeated deliveries, which the contract
    ///     allows, only once
    public List<CloudEvent> envelopes(String run) {
        return received().stream()
                .map(Received::event)
                .filter(event -> run.equals(event.subject()))
                .toList();
    }

    private List<Received> received() {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
            try {
                CloudEvent event = EventCodec.read(record);
                if (ids.add(event.source() + " " + event.id())) {
                    received.add(new Received(record.topic(), record.partition(), record.offset(), event));
                }
            } catch (UnreadableEventException unreadable) {
                // Ignored: a test published bytes that are not an event.
            }
        }
        return received;
    }

    private <T> T until(String wanted, Supplier<Optional<T>> look) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<T> found = look.get();
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new AssertionError("not received within %s: %s; received: %s".formatted(PATIENCE, wanted, received));
    }

    @Override
    public void close() {
        producer.close();
        consumer.close();
    }
}
