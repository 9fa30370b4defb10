package io.peregrine.platform;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.Topics;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalBrokerTest {
    @TempDir
    Path folder;

    @Test
    void createsTheTopicsAndKeepsRecordsAfterAKill() throws Exception {
        long offset;
        int port;
        try (LocalBroker broker = LocalBroker.start(folder, 0)) {
            port = broker.port();
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
                Map<String, org.apache.kafka.clients.admin.TopicDescription> topics = admin.describeTopics(
                                Topics.partitions().keySet())
                        .allTopicNames()
                        .get();
                Topics.partitions()
                        .forEach((topic, partitions) ->
                                assertThat(topics.get(topic).partitions()).hasSize(partitions));
            }
            offset = publish(broker);
            broker.kill();
            assertThat(broker.isAlive()).isFalse();
        }
        try (LocalBroker again = LocalBroker.start(folder, port)) {
            assertThat(publish(again)).isEqualTo(offset + 1);
        }
    }

    private static long publish(LocalBroker broker) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "acks", "all"),
                new StringSerializer(),
                new StringSerializer())) {
            return producer.send(new ProducerRecord<>(Topics.DATASETS, "{}"))
                    .get()
                    .offset();
        }
    }
}
