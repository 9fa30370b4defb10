package io.peregrine.endtoend;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.Topics;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.testkit.Checkpoints;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;

/// Hears everything that is said on the five topics, from their beginning, and keeps it.
final class Listener implements AutoCloseable {
    /// @param at when the broker took the record
    record Received(String topic, int partition, long offset, long at, CloudEvent event) {}

    private final List<Received> heard = new CopyOnWriteArrayList<>();
    private final Set<String> schemaViolations = ConcurrentHashMap.newKeySet();
    private final AsyncApi document;
    private final KafkaConsumer<String, byte[]> consumer;
    private final Thread thread;

    Listener(String bootstrapServers) throws IOException {
        document = new AsyncApi();
        consumer = new KafkaConsumer<>(
                Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers),
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
        thread = Thread.ofPlatform().daemon().name("listener").start(this::listen);
    }

    private void listen() {
        try (consumer) {
            while (true) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    schemaViolations.addAll(document.complaints(record));
                    try {
                        heard.add(new Received(
                                record.topic(),
                                record.partition(),
                                record.offset(),
                                record.timestamp(),
                                EventCodec.read(record)));
                    } catch (UnreadableEventException bytes) {
                        // Some tests publish what is no event; it is nobody's.
                    }
                }
            }
        } catch (WakeupException closed) {
            // close() asked for it.
        }
    }

    /// @return what the services have said that `docs/asyncapi.yaml` does not say
    Set<String> schemaViolations() {
        return schemaViolations;
    }

    /// @return what was said of a run so far, a repeated delivery once
    List<CloudEvent> of(String run) {
        return records(run).map(Received::event).distinct().toList();
    }

    Stream<Received> records(String run) {
        return heard.stream().filter(h -> run.equals(h.event().correlationId()));
    }

    <E extends PipelineEvent> List<E> of(String run, Class<E> type) {
        return of(run).stream()
                .map(CloudEvent::data)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /// @return names of a trained run's checkpoints that stay in the store: of each network the best and the last
    Set<String> keptCheckpoints(String run) {
        return Checkpoints.uris(Checkpoints.kept(of(run, CheckpointPublished.class)));
    }

    /// @return the run of the dataset-ready that was published under a CloudEvents id, or bare with a dataset's name
    Optional<String> runOf(String dataset) {
        return heard.stream()
                .map(Received::event)
                .filter(e -> e.data() instanceof PipelineEvent.DatasetReady ready
                        && ready.dataset().equals(dataset))
                .map(EventCodec::runId)
                .findFirst();
    }

    Optional<PipelineEvent> end(String run) {
        return of(run).stream()
                .map(CloudEvent::data)
                .filter(e -> e instanceof RunCompleted || e instanceof RunFailed || e instanceof RunCancelled)
                .findFirst();
    }

    /// Waits for the run's end.
    PipelineEvent awaitEnd(String run, Duration atMost) {
        return Awaitility.await("the end of run " + run)
                .atMost(atMost)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> end(run), Optional::isPresent)
                .orElseThrow();
    }

    @Override
    public void close() throws InterruptedException {
        consumer.wakeup();
        thread.join();
    }
}
