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

/// Receives and stores all events of the five topics from their beginning.
public final class Listener implements AutoCloseable {
    /// @param at timestamp of the record
    record Received(String topic, int partition, long offset, long at, CloudEvent event) {}

    private final List<Received> received = new CopyOnWriteArrayList<>();
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
                    schemaViolations.addAll(document.violations(record));
                    try {
                        received.add(new Received(
                                record.topic(),
                                record.partition(),
                                record.offset(),
                                record.timestamp(),
                                EventCodec.read(record)));
                    } catch (UnreadableEventException unreadable) {
                        // Ignored: some tests publish records that are not events.
                    }
                }
            }
        } catch (WakeupException closed) {
            // close() has woken up the consumer.
        }
    }

    /// @return violations of `docs/asyncapi.yaml` by the services' events
    Set<String> schemaViolations() {
        return schemaViolations;
    }

    /// @return events of a run so far, without repeated deliveries
    public List<CloudEvent> of(String run) {
        return records(run).map(Received::event).distinct().toList();
    }

    Stream<Received> records(String run) {
        return received.stream().filter(h -> run.equals(h.event().correlationId()));
    }

    <E extends PipelineEvent> List<E> of(String run, Class<E> type) {
        return of(run).stream()
                .map(CloudEvent::data)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /// @return URIs of a trained run's checkpoints that are kept in the store: the best and the last of each
    ///     network
    Set<String> keptCheckpoints(String run) {
        return Checkpoints.uris(Checkpoints.kept(of(run, CheckpointPublished.class)));
    }

    /// @return the run of the dataset-ready event for a dataset
    Optional<String> runOf(String dataset) {
        return received.stream()
                .map(Received::event)
                .filter(e -> e.data() instanceof PipelineEvent.DatasetReady ready
                        && ready.dataset().equals(dataset))
                .map(EventCodec::runId)
                .findFirst();
    }

    public Optional<PipelineEvent> end(String run) {
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
