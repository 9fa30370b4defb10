package io.peregrine.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunRef;
import io.peregrine.events.Topics;
import io.peregrine.local.LocalBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a real broker and a real database: what lies in the outbox is said, at least once and under one id.
class RelayTest {
    @TempDir
    Path folder;

    @Test
    void whatWasSaidIsSentOnceAndAfterACrashAgainUnderTheSameId() throws Exception {
        try (WorkFixture work = WorkFixture.start();
                LocalBroker broker = LocalBroker.start(folder, 0);
                KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", broker.bootstrapServers(), "acks", "all"),
                        new StringSerializer(),
                        new ByteArraySerializer())) {
            RunRef run = WorkFixture.run("relayed");
            // A crash after the commit and before the relay: the rows lie there, and the next relay finds them.
            for (int i = 0; i < 1_200; i++) {
                int index = i;
                work.database.inTransaction("cause", tx -> tx.say(WorkFixture.shard(run, index), "" + index));
            }
            try (Relay relay = new Relay(work.database, producer, "/peregrine/test")) {
                relay.start();
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> work.count("select count(*) from outbox where sent_at is null") == 0);
            }
            List<CloudEvent> heard = heard(broker);
            assertThat(heard).hasSize(1_200).doesNotHaveDuplicates();
            assertThat(heard).allSatisfy(event -> {
                assertThat(event.source()).isEqualTo("/peregrine/test");
                assertThat(event.correlationId()).isEqualTo(run.id());
                assertThat(event.causationId()).isEqualTo("cause");
            });

            // A crash after sending and before marking: the same rows again.
            work.database.jdbi().useHandle(sql -> sql.execute("update outbox set sent_at = null where seq <= 3"));
            try (Relay one = new Relay(work.database, producer, "/peregrine/test");
                    Relay two = new Relay(work.database, producer, "/peregrine/test")) {
                one.start();
                two.start();
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> work.count("select count(*) from outbox where sent_at is null") == 0);
            }
            assertThat(heard(broker).stream().map(CloudEvent::id).distinct()).hasSize(1_200);
            assertThat(heard(broker).size()).isBetween(1_203, 1_206);
            assertThat(heard.stream().map(CloudEvent::id))
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 1_200)
                            .mapToObj(i -> EventCodec.eventId(run.id(), "io.peregrine.shard.written.v1", "" + i))
                            .toList());
        }
    }

    private static List<CloudEvent> heard(LocalBroker broker) throws Exception {
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> all = IntStream.range(0, Topics.partitions().get(Topics.SHARDS))
                    .mapToObj(partition -> new TopicPartition(Topics.SHARDS, partition))
                    .toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long end = consumer.endOffsets(all).values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            List<CloudEvent> events = new ArrayList<>();
            while (events.size() < end) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    events.add(EventCodec.read(record));
                }
            }
            return events;
        }
    }
}
