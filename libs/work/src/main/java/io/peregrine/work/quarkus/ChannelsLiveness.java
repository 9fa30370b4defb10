package io.peregrine.work.quarkus;

import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;

/// DOWN if a channel no longer polls its topic, for any reason.
///
/// A consumer polls several times a second, even while the broker is unavailable or its handler waits for the
/// database. A consumer that does not poll has ended: the connector closes it when its stream fails, and nothing
/// polls again. The connector's own liveness check detects only failures that the connector noticed; this check
/// detects the others.
@Liveness
@ApplicationScoped
class ChannelsLiveness implements HealthCheck {
    /// A rebalance or a long garbage collection may delay a poll for seconds.
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private static final String NAME = "Channels";
    private static final String LAST_POLL = "last-poll-seconds-ago";

    private final KafkaClientService clients;
    private final long created = System.nanoTime();

    ChannelsLiveness(KafkaClientService clients) {
        this.clients = clients;
    }

    @Override
    public HealthCheckResponse call() {
        Map<String, String> ended = new TreeMap<>();
        for (String channel : clients.getConsumerChannels()) {
            List<KafkaConsumer<Object, Object>> consumers = clients.getConsumers(channel);
            for (KafkaConsumer<Object, Object> consumer : consumers) {
                Consumer<Object, Object> client = consumer.unwrap();
                String fault = client == null
                        ? "has no consumer"
                        : fault(lastPoll(client.metrics().values()));
                if (!fault.isEmpty()) {
                    ended.put(channel, fault);
                }
            }
        }
        HealthCheckResponseBuilder answer = HealthCheckResponse.named(NAME).status(ended.isEmpty());
        ended.forEach(answer::withData);
        return answer.build();
    }

    private static OptionalDouble lastPoll(Iterable<? extends Metric> metrics) {
        for (Metric metric : metrics) {
            if (metric.metricName().name().equals(LAST_POLL) && metric.metricValue() instanceof Number seconds) {
                return OptionalDouble.of(seconds.doubleValue());
            }
        }
        return OptionalDouble.empty();
    }

    /// @param lastPoll seconds since the last poll; -1 before the first poll; empty if the consumer is closed
    private String fault(OptionalDouble lastPoll) {
        if (lastPoll.isEmpty()) {
            return "the consumer is closed";
        }
        boolean started = Duration.ofNanos(System.nanoTime() - created).compareTo(LONGEST_PAUSE) > 0;
        if (lastPoll.getAsDouble() < 0) {
            return started ? "the consumer has never polled" : "";
        }
        return lastPoll.getAsDouble() > LONGEST_PAUSE.toSeconds()
                ? "the consumer last polled %.0f s ago".formatted(lastPoll.getAsDouble())
                : "";
    }
}
