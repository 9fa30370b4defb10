package io.peregrine.local.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEventException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// Speaks with a running Peregrine as any other producer and consumer would: over Kafka.
final class KafkaClient {
    private static final String SOURCE = "/peregrine/command";

    private final String bootstrapServers;

    KafkaClient(String bootstrapServers) {
        this.bootstrapServers = bootstrapServers;
    }

    /// Publishes a dataset-ready under a new id.
    ///
    /// @return the run that it begins
    String publish(ObjectNode spec) {
        return publish(spec, UUID.randomUUID().toString());
    }

    /// @return the run that a dataset-ready of this id begins
    static String runOf(String id) {
        return EventCodec.runId(SOURCE, id);
    }

    /// Publishes a dataset-ready.
    ///
    /// @param id if it was published before, nothing happens a second time
    /// @return the run that it begins or began
    String publish(ObjectNode spec, String id) {
        DatasetReady ready = new DatasetReady(spec.path("dataset").asText(), spec);
        InstanceAccess.grant(EventCodec.runId(SOURCE, id), spec);
        try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers, "acks", "all", "max.block.ms", "15000"),
                new StringSerializer(),
                new ByteArraySerializer())) {
            ProducerRecord<String, byte[]> record =
                    EventCodec.write(new CloudEvent(id, SOURCE, ready.type(), Instant.now(), null, null, null, ready));
            // Who asks, of CloudEvents' extension "Auth Context": the run's timeline tells it.
            record.headers()
                    .add("ce_authid", System.getProperty("user.name", "").getBytes(StandardCharsets.UTF_8));
            producer.send(record).get();
            return runOf(id);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the broker at " + bootstrapServers + " refuses the event", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while publishing", e);
        }
    }

    /// Reads the topics from their beginning and shows the run's events, until one of them ends it.
    ///
    /// @param hasEnded asked several times a second; stops the reading, too
    void follow(RunProgress progress, ProgressView screen, BooleanSupplier hasEnded) {
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed"),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> all = new ArrayList<>();
            Topics.partitions().forEach((topic, partitions) -> {
                for (int partition = 0; partition < partitions; partition++) {
                    all.add(new TopicPartition(topic, partition));
                }
            });
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (progress.end().isEmpty() && !hasEnded.getAsBoolean()) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    try {
                        CloudEvent event = EventCodec.read(record);
                        if (progress.receive(event)) {
                            screen.show(event, progress);
                        }
                    } catch (UnreadableEventException foreign) {
                        // The services keep it in quarantine; it is not this run's.
                    }
                }
                screen.draw(progress, Instant.now());
            }
        }
    }
}
