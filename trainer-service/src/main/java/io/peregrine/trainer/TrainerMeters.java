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
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.trainer.run.NetworkTraining.EpochEnd;
import io.peregrine.trainer.run.Position;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The trainer's meters. Gauges tell of the training at work and go when it ends.
@Startup
@ApplicationScoped
class TrainerMeters {
    private final MeterRegistry registry;
    private final Map<Meter.Id, Double> values = new ConcurrentHashMap<>();

    TrainerMeters(MeterRegistry registry) {
        this.registry = registry;
        for (Network network : Network.values()) {
            divergences(network);
            for (Resumed from : Resumed.values()) {
                resumes(network, from);
            }
        }
    }

    /// What a training went on from after its process ended.
    enum Resumed {
        /// The last state that was saved.
        NEWEST,
        /// The one before it: the last was damaged or gone.
        BEFORE,
        /// Nothing: both were.
        ANEW
    }

    void resumed(Network network, Resumed from) {
        resumes(network, from).increment();
    }

    private Counter resumes(Network network, Resumed from) {
        return Counter.builder("peregrine.train.resumes")
                .description("Trainings that went on after their process had ended, by the state that served")
                .tags(tags(network).and("from", from.name().toLowerCase(Locale.ROOT)))
                .register(registry);
    }

    void diverged(Network network) {
        divergences(network).increment();
    }

    /// There from the start: `increase` does not see a counter's first value.
    private Counter divergences(Network network) {
        return Counter.builder("peregrine.train.divergences")
                .description("Trainings that failed because a loss was infinite or no number")
                .tags(tags(network))
                .register(registry);
    }

    void step(Network network, Position position, TrainSpec spec, int rows, double seconds) {
        Timer.builder("peregrine.train.step")
                .description("One batch: forward, backward, optimizer")
                .tag("network", network.wire())
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(5))
                .maximumExpectedValue(Duration.ofSeconds(30))
                .register(registry)
                .record(Duration.ofNanos((long) (seconds * 1e9)));
        Counter.builder("peregrine.train.samples")
                .description("Rows learnt from, each once an epoch")
                .tag("network", network.wire())
                .register(registry)
                .increment(rows);
        set("peregrine.train.epoch", "The epoch at work", tags(network), position.epoch());
        set("peregrine.train.epochs", "Epochs that were asked for", tags(network), spec.epochs());
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
                "1 for the device that a training computes on, and its threads",
                tags(network).and("device", device, "threads", Integer.toString(threads)),
                1);
    }

    void epoch(Network network, EpochEnd end) {
        Map<String, Double> measures = end.measures();
        gauge(measures, "loss", "peregrine.train.loss", network, "train");
        gauge(measures, "validationLoss", "peregrine.train.loss", network, "validation");
        gauge(measures, "accuracy", "peregrine.train.accuracy.ratio", network, "train");
        gauge(measures, "validationAccuracy", "peregrine.train.accuracy.ratio", network, "validation");
        Double speed = measures.get("imagesPerSecond");
        if (speed != null) {
            set(
                    "peregrine.train.images.per.second",
                    "Pictures learnt from in a second, of the last epoch",
                    tags(network),
                    speed);
        }
    }

    private void gauge(Map<String, Double> measures, String measure, String name, Network network, String split) {
        Double value = measures.get(measure);
        if (value != null) {
            set(name, "Of the last epoch", tags(network).and("split", split), value);
        }
    }

    void checkpoint(Network network, ArtifactRef checkpoint) {
        DistributionSummary.builder("peregrine.checkpoint")
                .baseUnit("bytes")
                .description("Sizes of published checkpoints")
                .tag("network", network.wire())
                .register(registry)
                .record(checkpoint.bytes());
    }

    /// The gauges of a network's training go.
    void over(Network network) {
        values.keySet().removeIf(id -> {
            boolean gone = network.wire().equals(id.getTag("network"));
            if (gone) {
                registry.remove(id);
            }
            return gone;
        });
    }

    private static Tags tags(Network network) {
        return Tags.of("network", network.wire());
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
