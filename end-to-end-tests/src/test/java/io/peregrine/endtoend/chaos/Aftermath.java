package io.peregrine.endtoend.chaos;

import static java.util.stream.Collectors.toCollection;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.endtoend.PeregrineFixture;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.launcher.Service;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/// Checks the state after all runs have ended: no event or job is lost, duplicated or open.
final class Aftermath {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Map<Service, Set<String>> RECEIVES = Map.of(
            Service.INGEST, Set.of(Topics.DATASETS, Topics.RUNS),
            Service.BALANCE, Set.of(Topics.IMAGES, Topics.RUNS),
            Service.TRAINER, Set.of(Topics.SHARDS, Topics.RUNS),
            Service.CLUSTER, Topics.partitions().keySet());

    private final PeregrineFixture fixture;
    private final Set<String> wrong = new TreeSet<>();
    /// By topic: `events` holds source and id of events, `garbage` the positions of records that are not events.
    private final Map<String, Set<String>> events = new HashMap<>();

    private final Map<String, Set<String>> garbage = new HashMap<>();
    private long records;
    private long repeats;

    private Aftermath(PeregrineFixture fixture) {
        this.fixture = fixture;
    }

    /// @param wrong errors found; empty if there are none
    /// @param events number of distinct events
    /// @param repeats number of repeated deliveries, which the contract allows
    /// @param garbage number of records that are not events
    record Findings(Set<String> wrong, long events, long repeats, long garbage) {
        @Override
        public String toString() {
            return "%,d events on Kafka, %,d of them delivered again; %,d records that are not events"
                    .formatted(events, repeats, garbage);
        }
    }

    /// Repeats the checks for up to two minutes until there are no errors, because the last events may still be
    /// in transit.
    static Findings of(PeregrineFixture fixture) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Aftermath now = new Aftermath(fixture);
            now.check();
            if (now.wrong.isEmpty() || System.nanoTime() > deadline) {
                long garbage =
                        now.garbage.values().stream().mapToLong(Set::size).sum();
                return new Findings(now.wrong, now.records - now.repeats - garbage, now.repeats, garbage);
            }
            TimeUnit.SECONDS.sleep(1);
        }
    }

    private void check() throws Exception {
        readTopics();
        for (Service service : Service.values()) {
            try (Connection database = fixture.database(service.word())) {
                check(service, database);
            }
        }
    }

    private void readTopics() {
        Map<String, byte[]> bytes = new HashMap<>();
        Map<String, Set<String>> ends = new TreeMap<>();
        for (ConsumerRecord<String, byte[]> record : committed()) {
            records++;
            CloudEvent event;
            try {
                event = EventCodec.read(record);
            } catch (UnreadableEventException unreadable) {
                add(garbage, record.topic(), place(record.topic(), record.partition(), record.offset()));
                continue;
            }
            String id = event.source() + " " + event.id();
            add(events, record.topic(), id);
            byte[] first = bytes.putIfAbsent(id, record.value());
            if (first != null) {
                repeats++;
                if (!Arrays.equals(first, record.value())) {
                    wrong.add("event %s (%s) was published twice with different content".formatted(id, event.type()));
                }
            }
            if (event.data() instanceof RunCompleted
                    || event.data() instanceof RunFailed
                    || event.data() instanceof RunCancelled) {
                add(ends, event.subject(), id);
            }
        }
        ends.forEach((run, ids) -> {
            if (ids.size() > 1) {
                wrong.add("run %s has %d end events".formatted(run, ids.size()));
            }
        });
    }

    private static void add(Map<String, Set<String>> sets, String key, String value) {
        sets.computeIfAbsent(key, any -> new TreeSet<>()).add(value);
    }

    private static String place(String topic, int partition, long offset) {
        return "%s/%d/%d".formatted(topic, partition, offset);
    }

    /// Reads all committed records of the five topics.
    private List<ConsumerRecord<String, byte[]>> committed() {
        List<ConsumerRecord<String, byte[]>> all = new ArrayList<>();
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", fixture.kafka(), "isolation.level", "read_committed"),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            Topics.partitions().forEach((topic, count) -> {
                for (int partition = 0; partition < count; partition++) {
                    partitions.add(new TopicPartition(topic, partition));
                }
            });
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(all::add);
            }
        }
        return all;
    }

    private void check(Service service, Connection database) throws Exception {
        String name = service.module();
        Set<String> received = select(database, "select source || ' ' || id from inbox");
        Set<String> expectedEvents = ofTopics(events, RECEIVES.get(service));
        report(name + " has not received", minus(expectedEvents, received));
        report(name + " has received events that are not on its topics:", minus(received, expectedEvents));

        report(
                name + " has not sent",
                select(
                        database,
                        "select id || ' ' || type from outbox where sent_at is null and set_aside_at is null"));
        report(
                name + " has set aside",
                select(database, "select id || ' ' || type from outbox where set_aside_at is not null"));
        Set<String> everything = ofTopics(events, Topics.partitions().keySet());
        Set<String> sent =
                select(database, "select '/peregrine/%s ' || id from outbox where sent_at is not null".formatted(name));
        report(name + " has marked as sent, but not published,", minus(sent, everything));

        report(
                name + " has not completed the job",
                select(
                        database,
                        "select run || ' ' || kind || ' ' || key || ' ' || state || coalesce(' ' || error, '') from job"
                                + " where state not in ('done', 'cancelled') and not (state = 'failed' and error like 'FOLDER_MISSING%')"));
        Set<String> kept = select(database, "select topic || '/' || partition || '/' || kafka_offset from quarantine");
        Set<String> expected = ofTopics(garbage, RECEIVES.get(service));
        report(name + " has not quarantined the record at", minus(expected, kept));
        report(name + " has quarantined the event at", minus(kept, expected));
        for (String uri : select(database, "select uri from needed")) {
            check(name, uri);
        }
    }

    /// Checks that a referenced artifact is in the store and that its bytes match the digest in its name.
    private void check(String service, String uri) throws Exception {
        Path file = fixture.storeFolder().resolve(uri.substring(ArtifactStore.SCHEME.length()));
        if (!Files.isRegularFile(file)) {
            wrong.add("%s: %s is not in the store".formatted(service, uri));
            return;
        }
        String digest =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        if (!file.getFileName().toString().startsWith(digest)) {
            wrong.add("%s: the bytes of %s do not match the digest in its name".formatted(service, uri));
        }
    }

    private static Set<String> ofTopics(Map<String, Set<String>> sets, Set<String> topics) {
        return topics.stream()
                .flatMap(topic -> sets.getOrDefault(topic, Set.of()).stream())
                .collect(toCollection(TreeSet::new));
    }

    private static Set<String> minus(Set<String> all, Set<String> others) {
        Set<String> left = new TreeSet<>(all);
        left.removeAll(others);
        return left;
    }

    private void report(String what, Set<String> which) {
        if (!which.isEmpty()) {
            wrong.add("%s %s%s"
                    .formatted(
                            what,
                            which.stream().limit(5).toList(),
                            which.size() > 5 ? " and %,d more".formatted(which.size() - 5) : ""));
        }
    }

    private static Set<String> select(Connection database, String query) throws SQLException {
        Set<String> values = new TreeSet<>();
        try (Statement sql = database.createStatement();
                ResultSet rows = sql.executeQuery(query)) {
            while (rows.next()) {
                values.add(rows.getString(1));
            }
        }
        return values;
    }
}
