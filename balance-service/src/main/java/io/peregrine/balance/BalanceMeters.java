package io.peregrine.balance;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.peregrine.events.ArtifactRef;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/// The meters of balancing. All are registered at start, since `increase` ignores the first value of a counter.
@Startup
@ApplicationScoped
class BalanceMeters {
    private final ClassCounters samples;
    private final Counter ties;
    private final Counter rows;
    private final Timer search;
    private final Counter shardBytes;

    BalanceMeters(MeterRegistry registry) {
        this.samples = new ClassCounters(
                registry, "peregrine.smote.samples", "Synthetic images, as recipes", Clock.systemUTC());
        this.ties = Counter.builder("peregrine.smote.neighbour.ties")
                .description("Images whose neighbours tie at or before rank k + 1")
                .register(registry);
        this.rows = Counter.builder("peregrine.smote.neighbour.rows")
                .description("Images whose neighbours were found")
                .register(registry);
        this.search = Timer.builder("peregrine.smote.neighbour")
                .description("Time of one class's neighbour search, or of its part since the job was claimed")
                .register(registry);
        this.shardBytes = Counter.builder("peregrine.shard")
                .baseUnit("bytes")
                .description("Bytes of published recipe shards")
                .register(registry);
    }

    void drawn(String label, long synthetic) {
        samples.increment(label, synthetic);
    }

    void searched(int images, long tiedRows, Duration took) {
        rows.increment(images);
        ties.increment(tiedRows);
        search.record(took);
    }

    void published(List<ArtifactRef> shards) {
        shardBytes.increment(shards.stream().mapToLong(ArtifactRef::bytes).sum());
    }
}
