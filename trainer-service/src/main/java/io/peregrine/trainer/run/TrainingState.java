package io.peregrine.trainer.run;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.vision.engine.TorchEngine;
import io.peregrine.vision.nn.NetworkState;
import io.peregrine.vision.nn.Parameter;
import io.peregrine.vision.nn.TrainableNetwork;
import io.peregrine.vision.optim.Optimizer;
import java.util.Optional;

/// Everything that a training changes and a snapshot contains: the network's weights, the optimizer's moments and
/// the progress. It also records the engine and the device that computed them. Not thread-safe.
final class TrainingState implements AutoCloseable {
    private static final String PLACE = "place";
    private static final String THREADS = "threads";

    private final NetworkState weights;
    private final Optimizer optimizer;
    private final String before;
    private TrainingProgress progress;

    /// @param weights closed with this
    /// @param before engine and device of a resumed training so far; null if it is new or they are unknown
    /// @throws FailureException INPUT `NO_SUCH_DEVICE`, if the device that the specification requires is missing
    private TrainingState(NetworkState weights, TrainSpec spec, TrainingProgress progress, String before) {
        this.weights = weights.on(spec.device());
        this.optimizer =
                Optimizer.of(this.weights, spec.learningRate(), spec.options().weightDecay());
        this.progress = progress;
        this.before = before;
    }

    /// @return the state before the first step, with initial weights drawn from the specification's seed
    static TrainingState fresh(TrainableNetwork network, TrainSpec spec) {
        return new TrainingState(NetworkState.fresh(network, spec.seed()), spec, TrainingProgress.start(), null);
    }

    /// @return the state before the first step, with weights that a user supplies
    /// @throws FailureException INPUT `INITIAL_WEIGHTS_MISMATCH`, if the weights do not match the network
    static TrainingState given(TrainableNetwork network, TrainSpec spec, Safetensors weights) {
        return new TrainingState(NetworkState.given(network, weights), spec, TrainingProgress.start(), null);
    }

    /// @return the state that [#write] wrote; the engine then uses that training's number of threads
    static TrainingState read(TrainableNetwork network, TrainSpec spec, Safetensors saved) {
        // Another number of threads sums in another order, so a run keeps its own number.
        TorchEngine.load(Integer.parseInt(saved.metadata().get(THREADS)));
        TrainingState state = new TrainingState(
                NetworkState.read(network, saved, ""),
                spec,
                TrainingProgress.read(saved),
                saved.metadata().get(PLACE));
        try {
            state.optimizer.read(saved);
            return state;
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
    }

    NetworkState weights() {
        return weights;
    }

    Optimizer optimizer() {
        return optimizer;
    }

    /// @return current progress of the training
    TrainingProgress progress() {
        return progress;
    }

    /// Replaces the progress after a step or an epoch.
    void progress(TrainingProgress next) {
        progress = next;
    }

    private String environment() {
        return TorchEngine.build() + ", " + weights.device();
    }

    /// @return one sentence if a resumed training used another engine, processor or device before; its last bits
    ///     may then differ from those of an uninterrupted training
    Optional<String> environmentChange() {
        return Optional.ofNullable(before)
                .filter(environment -> !environment.equals(environment()))
                .map(environment ->
                        "started with %s and continues with %s: its last bits may differ from those of an uninterrupted training"
                                .formatted(environment, environment()));
    }

    /// Adds the weights under their `state_dict` names, as in a checkpoint.
    void writeWeights(SafetensorsWriter file) {
        weights.write(file, "");
        for (Parameter parameter : weights.network().parameters()) {
            parameter.counter().ifPresent(counter -> file.add(counter, new long[0], new long[] {progress.steps()}));
        }
    }

    /// Adds everything that a resume needs: weights, moments, progress, number of threads, engine and device.
    void write(SafetensorsWriter file) {
        writeWeights(file);
        optimizer.write(file);
        progress.write(file);
        file.metadata(THREADS, Integer.toString(TorchEngine.threads())).metadata(PLACE, environment());
    }

    @Override
    public void close() {
        optimizer.close();
        weights.close();
    }
}
