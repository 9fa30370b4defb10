package io.peregrine.work.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.platform.LocalBroker;
import io.peregrine.work.jobs.WorkFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With a real broker and a real database: events in the outbox are published at least once and under one id.
class RelayTest {
    @TempDir
    static Path folder;

    private static WorkFixture work;
    private static LocalBroker broker;

    @BeforeAll
    static void start() {
        work = WorkFixture.start();
        broker = LocalBroker.start(folder, 0);
    }

    @AfterAll
    static void stop() {
        broker.close();
        work.close();
    }

    @BeforeEach
    void clear() {
        work.clear();
    }

    @Test
    void publishedEventsAreSentOnceAndAfterACrashAgainUnderTheSameId() throws Exception {
        RunRef run = WorkFixture.run("relayed");
        // A crash after the commit and before the relay: the next relay finds the rows.
        for (int i = 0; i < 1_200; i++) {
            int index = i;
            work.database.useTransaction("cause", tx -> tx.publish(WorkFixture.shard(run, index), "" + index));
        }
        try (Relay relay = relay()) {
            relay.start();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> work.count("select count(*) from outbox where sent_at is null") == 0);
        }
        List<CloudEvent> received = consumed(Topics.SHARDS, run);
        assertThat(received).hasSize(1_200).doesNotHaveDuplicates();
        assertThat(received).allSatisfy(event -> {
            assertThat(event.source()).isEqualTo("/peregrine/test");
            assertThat(event.correlationId()).isEqualTo(run.id());
            assertThat(event.causationId()).isEqualTo("cause");
        });

        // A crash after sending and before marking: the same rows are sent again.
        work.database.jdbi().useHandle(sql -> sql.execute("update outbox set sent_at = null where seq <= 3"));
        try (Relay one = relay();
                Relay two = relay()) {
            one.start();
            two.start();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> work.count("select count(*) from outbox where sent_at is null") == 0);
        }
        assertThat(consumed(Topics.SHARDS, run).stream().map(CloudEvent::id).distinct())
                .hasSize(1_200);
        assertThat(consumed(Topics.SHARDS, run).size()).isBetween(1_203, 1_206);
        assertThat(received.stream().map(CloudEvent::id))
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 1_200)
                        .mapToObj(i -> EventCodec.eventId(run.id(), "io.peregrine.shard.written.v1", "" + i))
                        .toList());
    }

    @Test
    void anUnsendableEventIsSetAsideItsRunFailsAndTheOthersAreSent() throws Exception {
        // The broker's limit is smaller than the maximum size of an event.
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.TOPIC, Topics.IMAGES),
                            List.of(new AlterConfigOp(
                                    new ConfigEntry("max.message.bytes", "2048"), AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
        }
        RunRef large = WorkFixture.run("large");
        RunRef damaged = WorkFixture.run("damaged");
        RunRef cancelled = WorkFixture.run("cancelled");
        RunRef ended = WorkFixture.run("ended");
        RunRef good = WorkFixture.run("good");
        List<ImageRef> images = IntStream.range(0, 50)
                .mapToObj(i -> new ImageRef("" + i, i, "a/path/of/a/image", "ab".repeat(32), i))
                .toList();
        work.database.useTransaction(null, tx -> {
            tx.publish(new ImagesIngested(large, "Cubism", Split.TRAIN, 0, WorkFixture.REF, images), "");
            tx.publish(WorkFixture.shard(damaged, 0), "0");
            tx.publish(new RunCancelled(cancelled, "the user's words"), "");
            tx.publish(new RunCancelled(ended, "the user's words"), "");
            for (int i = 0; i < 20; i++) {
                tx.publish(WorkFixture.shard(good, i), "" + i);
            }
        });
        work.database.jdbi().useHandle(sql -> {
            sql.execute("update outbox set data = 'no json' where run in (?, ?)", damaged.id(), ended.id());
            // An older version could write such a row.
            String words = "{\"run\":{\"id\":\"%s\",\"dataset\":\"d\"},\"reason\":\"%s\"}"
                    .formatted(cancelled.id(), "x".repeat(70_000));
            sql.execute("update outbox set data = ?::bytea where run = ?", words, cancelled.id());
            sql.execute("insert into outbox (id, type, terminal, data) values ('unknown', 'no.such', false, '{}')");
        });
        try (Relay relay = relay()) {
            relay.start();
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            work.count("select count(*) from outbox where sent_at is null and set_aside_at is null")
                                    == 0);
        }
        assertThat(work.strings("select coalesce(run, id) from outbox where set_aside_at is not null order by 1"))
                .containsExactlyInAnyOrder(large.id(), damaged.id(), ended.id(), "unknown");
        assertThat(work.strings("select error from outbox where set_aside_at is not null"))
                .anyMatch(error -> error.contains("RecordTooLarge"))
                .anyMatch(error -> error.contains("not JSON"))
                .anyMatch(error -> error.contains("is unknown"));
        assertThat(consumed(Topics.SHARDS, damaged, good))
                .hasSize(20)
                .extracting(CloudEvent::correlationId)
                .containsOnly(good.id());
        List<CloudEvent> ends = consumed(Topics.RUNS, large, damaged, cancelled, ended, good);
        assertThat(ends.stream().map(CloudEvent::data).filter(RunFailed.class::isInstance))
                .extracting(RunFailed.class::cast)
                .allSatisfy(failed -> assertThat(failed.reason()).isEqualTo("EVENT_NOT_SENDABLE"))
                .extracting(failed -> failed.run().id())
                .containsExactlyInAnyOrder(large.id(), damaged.id());
        // A terminal event is published in any case, if necessary without its unreadable parts.
        assertThat(ends.stream().map(CloudEvent::data).filter(RunCancelled.class::isInstance))
                .extracting(event -> event.run().id())
                .containsExactlyInAnyOrder(cancelled.id(), ended.id());
    }

    @Test
    void theRelayOutlivesAnErrorOfItsProducer() throws Exception {
        RunRef run = WorkFixture.run("outlived");
        work.database.useTransaction(null, tx -> tx.publish(WorkFixture.shard(run, 0), "0"));
        AtomicInteger made = new AtomicInteger();
        Relay relay = new Relay(
                work.database,
                () -> {
                    if (made.getAndIncrement() == 0) {
                        throw new StackOverflowError();
                    }
                    return producer();
                },
                "/peregrine/test",
                Stage.BALANCE);
        try (relay) {
            relay.start();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> work.count("select count(*) from outbox where sent_at is null") == 0);
        }
        assertThat(made).hasValue(2);
        assertThat(consumed(Topics.SHARDS, run)).hasSize(1);
    }

    private static Relay relay() {
        return new Relay(work.database, () -> producer(), "/peregrine/test", Stage.BALANCE);
    }

    private static KafkaProducer<String, byte[]> producer() {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "acks", "all"),
                new StringSerializer(),
                new ByteArraySerializer());
    }

    private static List<CloudEvent> consumed(String topic, RunRef... runs) throws UnreadableEventException {
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> all = IntStream.range(0, Topics.partitions().get(topic))
                    .mapToObj(partition -> new TopicPartition(topic, partition))
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
            List<String> ids = Stream.of(runs).map(RunRef::id).toList();
            return events.stream()
                    .filter(event -> ids.contains(event.correlationId()))
                    .toList();
        }
    }
}
