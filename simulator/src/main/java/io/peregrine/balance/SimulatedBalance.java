package io.peregrine.balance;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.peregrine.events.Topics;
import io.peregrine.simulator.Parts;
import io.peregrine.simulator.ServiceCode;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.quarkus.ManifestCache;
import io.quarkus.runtime.configuration.MemorySize;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// The balance service without its framework. Simulated runs use the method `random-over`, which plans and
/// assembles with the service's own code and does not search neighbours.
public final class SimulatedBalance implements ServiceCode {
    private final BalanceFlow flow;
    private final List<JobHandler> handlers;

    public SimulatedBalance(Parts parts) {
        ManifestCache manifests = new ManifestCache(parts.store());
        Config config = new Config();
        flow = new BalanceFlow(parts.inbox());
        handlers = List.of(
                new PlanClasses(parts.store(), manifests, parts.database(), config, new Products(config)),
                new AssembleShards(
                        parts.store(), manifests, parts.database(), new BalanceMeters(new SimpleMeterRegistry())));
    }

    @Override
    public void deliver(ConsumerRecord<String, byte[]> record) {
        if (record.topic().equals(Topics.IMAGES)) {
            flow.images(record);
        } else {
            flow.runs(record);
        }
    }

    @Override
    public List<JobHandler> handlers() {
        return handlers;
    }

    private record Config() implements BalanceConfig {
        @Override
        public Optional<MemorySize> memory() {
            return Optional.empty();
        }

        @Override
        public OptionalInt threads() {
            return OptionalInt.of(1);
        }

        @Override
        public Duration warmup() {
            return Duration.ZERO;
        }

        @Override
        public long jobProducts() {
            return Long.MAX_VALUE;
        }

        @Override
        public Duration slice() {
            return Duration.ofHours(1);
        }

        @Override
        public Product product() {
            return Product.PLAIN;
        }

        @Override
        public String device() {
            return "cpu";
        }
    }
}
