package io.peregrine.trainer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Network;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.trainer.run.EpochResult;
import io.peregrine.trainer.run.TrainingProgress;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The trainer's metrics. Gauges describe the running training and are removed when it ends.
@Startup
@ApplicationScoped
class TrainerMeters {
    private static final String OF_THE_LAST = "Of the last epoch";

    private final MeterRegistry registry;
    private final Map<Meter.Id, Double> values = new ConcurrentHashMap<>();

    TrainerMeters(MeterRegistry registry) {
        this.registry = registry;
        for (Network network : Network.values()) {
            divergences(network);
        }
    }

    /// What the running training started from.
    enum Beginning {
        /// Random initial weights.
        START,
        /// Initial weights given in the specification.
        INITIAL_WEIGHTS,
        /// The newest snapshot.
        LATEST,
        /// The previous snapshot: the newest was damaged or missing.
        PREVIOUS,
        /// Initial weights again: both snapshots were unusable.
        NONE
    }

    /// A gauge for the running training. A counter that increases once, at process start, would be invisible to
    /// PromQL's `increase`.
    void started(Network network, Beginning from) {
        set(
                "peregrine.training.resumed.info",
                "1 for what the running training started from",
                tags(network).and("from", from.name().toLowerCase(Locale.ROOT)),
                1);
    }

    void diverged(Network network) {
        divergences(network).increment();
    }

    /// Registered at startup, because PromQL's `increase` does not see a counter's first value.
    private Counter divergences(Network network) {
        return Counter.builder("peregrine.train.divergences")
                .description("Trainings that failed because a loss was infinite or not a number")
                .tags(tags(network))
                .register(registry);
    }

    void step(Network network, TrainingProgress position, TrainSpec spec, int rows, double seconds) {
        Timer.builder("peregrine.train.step")
                .description("One batch: forward, backward, optimizer")
                .tag("network", network.jsonName())
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(5))
                .maximumExpectedValue(Duration.ofSeconds(30))
                .register(registry)
                .record(Duration.ofNanos((long) (seconds * 1e9)));
        Counter.builder("peregrine.train.samples")
                .description("Rows trained on, each once per epoch")
                .tag("network", network.jsonName())
                .register(registry)
                .increment(rows);
        set("peregrine.train.epoch", "The current epoch", tags(network), position.epoch());
        set("peregrine.train.epochs", "Epochs in the specification", tags(network), spec.epochs());
        set(
                "peregrine.train.loss",
                "Mean loss of the epoch so far",
                tags(network).and("split", "train"),
                position.lossSum() / position.seen());
    }

    /// @param threads of one tensor operation
    void device(Network network, String device, int threads) {
        set(
                "peregrine.train.device.info",
                "1 for the device and the threads of the running training",
                tags(network).and("device", device, "threads", Integer.toString(threads)),
                1);
    }

    void epoch(Network network, EpochResult end) {
        Map<String, Double> measures = end.measures();
        Tags train = tags(network).and("split", "train");
        Tags validation = tags(network).and("split", "validation");
        gauge("peregrine.train.loss", OF_THE_LAST, train, measures.get("loss"));
        gauge("peregrine.train.loss", OF_THE_LAST, validation, measures.get("validationLoss"));
        gauge("peregrine.train.accuracy.ratio", OF_THE_LAST, train, measures.get("accuracy"));
        gauge("peregrine.train.accuracy.ratio", OF_THE_LAST, validation, measures.get("validationAccuracy"));
        gauge(
                "peregrine.train.images.per.second",
                "Images trained on per second in the last epoch",
                tags(network),
                measures.get("imagesPerSecond"));
    }

    /// @param value null if the network does not have this measure
    private void gauge(String name, String description, Tags tags, Double value) {
        if (value != null) {
            set(name, description, tags, value);
        }
    }

    void checkpoint(Network network, ArtifactRef checkpoint) {
        DistributionSummary.builder("peregrine.checkpoint")
                .baseUnit("bytes")
                .description("Sizes of published checkpoints")
                .tag("network", network.jsonName())
                .register(registry)
                .record(checkpoint.bytes());
    }

    /// Removes the gauges of a network's training.
    void removeGauges(Network network) {
        values.keySet().removeIf(id -> {
            boolean gone = network.jsonName().equals(id.getTag("network"));
            if (gone) {
                registry.remove(id);
            }
            return gone;
        });
    }

    private static Tags tags(Network network) {
        return Tags.of("network", network.jsonName());
    }

    private void set(String name, String description, Tags tags, double value) {
        Meter.Id key = new Meter.Id(name, tags, null, description, Meter.Type.GAUGE);
        if (values.put(key, value) == null) {
            Gauge.builder(name, values, all -> all.getOrDefault(key, Double.NaN))
                    .description(description)
                    .tags(tags)
                    .register(registry);
        }
    }
}
