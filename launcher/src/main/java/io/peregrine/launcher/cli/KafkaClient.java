package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.launcher.progress.ProgressView;
import io.peregrine.launcher.progress.RunProgress;
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

/// Kafka producer and consumer for a running Peregrine.
final class KafkaClient {
    private static final String SOURCE = "/peregrine/command";

    private final String bootstrapServers;

    KafkaClient(String bootstrapServers) {
        this.bootstrapServers = bootstrapServers;
    }

    /// Publishes a dataset-ready event with a new id.
    ///
    /// @return the id of the run that it starts
    String publish(ObjectNode spec) {
        return publish(spec, UUID.randomUUID().toString());
    }

    /// @return the id of the run that a dataset-ready event with this id starts
    static String runOf(String id) {
        return EventCodec.runId(SOURCE, id);
    }

    /// Publishes a dataset-ready event.
    ///
    /// @param id event id; publishing the same id again has no effect
    /// @return the id of the run that it starts or has started
    String publish(ObjectNode spec, String id) {
        DatasetReady ready = new DatasetReady(spec.path("dataset").asText(), spec);
        InstanceAccess.grant(EventCodec.runId(SOURCE, id), spec);
        try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers, "acks", "all", "max.block.ms", "15000"),
                new StringSerializer(),
                new ByteArraySerializer())) {
            ProducerRecord<String, byte[]> record =
                    EventCodec.write(new CloudEvent(id, SOURCE, ready.type(), Instant.now(), null, null, null, ready));
            // The user, in CloudEvents' extension "Auth Context"; the run's timeline shows it.
            record.headers()
                    .add("ce_authid", System.getProperty("user.name", "").getBytes(StandardCharsets.UTF_8));
            producer.send(record).get();
            return runOf(id);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    "cannot publish the event to the broker at " + bootstrapServers, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while publishing", e);
        }
    }

    /// Reads the topics from their beginning and shows the run's events, until one of them ends the run.
    ///
    /// @param hasEnded called several times a second; reading also stops when it returns true
    void follow(RunProgress progress, ProgressView view, BooleanSupplier hasEnded) {
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
                            view.show(event, progress);
                        }
                    } catch (UnreadableEventException unreadable) {
                        // Ignored: the services quarantine such a record, and it does not belong to this run.
                    }
                }
                view.draw(progress, Instant.now());
            }
        }
    }
}
