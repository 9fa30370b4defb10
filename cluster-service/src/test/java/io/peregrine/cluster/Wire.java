package io.peregrine.cluster;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// The test's own ear and mouth on the real broker.
final class Wire implements AutoCloseable {
    private final KafkaProducer<String, byte[]> producer;
    private final KafkaConsumer<String, byte[]> consumer;
    private final List<CloudEvent> heard = new ArrayList<>();

    Wire(String bootstrap) {
        producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap, "acks", "all"),
                new StringSerializer(),
                new ByteArraySerializer());
        consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        bootstrap,
                        "group.id",
                        UUID.randomUUID().toString(),
                        "auto.offset.reset",
                        "earliest"),
                new StringDeserializer(),
                new ByteArrayDeserializer());
        consumer.subscribe(List.of(Topics.RUNS));
    }

    /// Says events in the given order, each acknowledged before the next.
    void say(List<CloudEvent> events) throws Exception {
        for (CloudEvent event : events) {
            producer.send(EventCodec.write(event)).get();
        }
    }

    void say(ProducerRecord<String, byte[]> record) throws Exception {
        producer.send(record).get();
    }

    /// @return events of this type and run that the service has said so far
    List<CloudEvent> heard(Class<? extends PipelineEvent> type, String run) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
            try {
                heard.add(EventCodec.read(record));
            } catch (UnreadableEvent notOurs) {
                // Another test's bad bytes.
            }
        }
        return heard.stream()
                .filter(e -> type.isInstance(e.data()) && e.data().run().id().equals(run))
                .toList();
    }

    @Override
    public void close() {
        producer.close();
        consumer.close();
    }
}
