package io.peregrine.cluster;

import static org.awaitility.Awaitility.await;

import io.peregrine.events.Topics;
import io.peregrine.testkit.KafkaFixture;
import io.peregrine.work.jobs.Database;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/// Proves absence without a fixed wait: what the service has not published of a run after it handled every event
/// and ended every job, it will not publish.
final class ReceivedEvents {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private ReceivedEvents() {}

    /// Publishes a record that is not an event to every topic, in the partition of the run's events. The service
    /// quarantines it after it has handled the events before it. Then waits until the run has no open job.
    static void awaitHandled(String run, KafkaFixture kafka, Database database) {
        List<RecordMetadata> markers = new ArrayList<>();
        for (String topic : Topics.partitions().keySet()) {
            markers.add(kafka.publish(new ProducerRecord<>(topic, run, "marker".getBytes())));
        }
        for (RecordMetadata marker : markers) {
            await("quarantine of " + marker).atMost(PATIENCE).until(() -> isQuarantined(marker, database));
        }
        await("end of the jobs of " + run).atMost(PATIENCE).until(() -> openJobs(run, database) == 0);
    }

    /// @return the types of the events that the service has published of a run, in this order
    static List<String> publishedTypes(String run, Database database) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select type from outbox where run = :run order by seq")
                        .bind("run", run)
                        .mapTo(String.class)
                        .list());
    }

    private static boolean isQuarantined(RecordMetadata marker, Database database) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                    select exists (select from quarantine
                            where topic = :topic and partition = :partition and kafka_offset = :offset)
                    """)
                        .bind("topic", marker.topic())
                        .bind("partition", marker.partition())
                        .bind("offset", marker.offset())
                        .mapTo(Boolean.class)
                        .one());
    }

    private static long openJobs(String run, Database database) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(
                                "select count(*) from job where run = :run and state in ('queued', 'running')")
                        .bind("run", run)
                        .mapTo(Long.class)
                        .one());
    }
}
