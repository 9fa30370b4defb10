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

/// A test's own mouth and ear on the real broker: says what the services around the tested one say, and hears all
/// five topics from their beginning. For one thread.
public final class KafkaFixture implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private record Received(String topic, int partition, long offset, CloudEvent event) {}

    private final KafkaProducer<String, byte[]> producer;
    private final KafkaConsumer<String, byte[]> consumer;
    private final List<Received> heard = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();

    /// @param bootstrapServers of the broker, whose topics are there
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

    /// Publishes a bare dataset-ready, as any producer's one-liner does.
    ///
    /// @return the run that it begins
    public String publish(String json) {
        RecordMetadata at = publish(new ProducerRecord<>(Topics.DATASETS, json.getBytes(UTF_8)));
        return until(
                        "the record at " + at,
                        () -> heard().stream()
                                .filter(h -> h.topic().equals(at.topic())
                                        && h.partition() == at.partition()
                                        && h.offset() == at.offset())
                                .findFirst())
                .event()
                .subject();
    }

    /// Says an event as another service would.
    ///
    /// @param service which says it, as `ingest-service`
    /// @param ordinal tells events of one type and run apart; empty where there is one
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

    /// Says events in this order, each acknowledged before the next.
    public void publish(List<CloudEvent> events) {
        events.forEach(this::publish);
    }

    /// Says an event.
    public void publish(CloudEvent event) {
        publish(EventCodec.write(event));
    }

    /// Sends a record, also one that is no event, and waits for the broker's acknowledgement.
    public RecordMetadata publish(ProducerRecord<String, byte[]> record) {
        try {
            return producer.send(record).get();
        } catch (ExecutionException e) {
            throw new AssertionError("the broker refuses a record of " + record.topic(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while sending", e);
        }
    }

    /// @return the first event of this run and type, for which it waits a minute
    public <E extends PipelineEvent> E await(String run, Class<E> type) {
        return await(run, type, event -> true);
    }

    /// @return the first such event that is wanted, for which it waits a minute
    public <E extends PipelineEvent> E await(String run, Class<E> type, Predicate<E> wanted) {
        return until(
                type.getSimpleName() + " of run " + run,
                () -> of(run, type).stream().filter(wanted).findFirst());
    }

    /// @return what was heard of a run so far, in the broker's order within a partition
    public <E extends PipelineEvent> List<E> of(String run, Class<E> type) {
        return envelopes(run).stream()
                .map(CloudEvent::data)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /// @return what was heard of a run so far with its envelopes; a repeated delivery, which the contract allows,
    ///     once
    public List<CloudEvent> envelopes(String run) {
        return heard().stream()
                .map(Received::event)
                .filter(event -> run.equals(event.subject()))
                .toList();
    }

    private List<Received> heard() {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
            try {
                CloudEvent event = EventCodec.read(record);
                if (ids.add(event.source() + " " + event.id())) {
                    heard.add(new Received(record.topic(), record.partition(), record.offset(), event));
                }
            } catch (UnreadableEventException notForUs) {
                // Bytes that a test has published because they are no event.
            }
        }
        return heard;
    }

    private <T> T until(String wanted, Supplier<Optional<T>> look) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<T> found = look.get();
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new AssertionError("not heard within %s: %s; heard: %s".formatted(PATIENCE, wanted, heard));
    }

    @Override
    public void close() {
        producer.close();
        consumer.close();
    }
}
