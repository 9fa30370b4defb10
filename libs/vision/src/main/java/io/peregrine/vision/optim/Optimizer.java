package io.peregrine.vision.optim;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.vision.nn.NetworkState;
import java.util.Map;

/// Updates weights in place by their gradients: Adam with PyTorch's constants, with one implementation per kind
/// of memory. Each implementation can read the state that the other has written.
public sealed interface Optimizer extends AutoCloseable permits Adam, FusedAdam {
    /// @param rate the learning rate, above 0
    /// @param decay weight decay: share of a weight that a step at learning rate 1 subtracts, at least 0
    static Optimizer of(NetworkState state, double rate, double decay) {
        return state.isInMemory() ? new Adam(state.network(), rate, decay) : new FusedAdam(state, rate, decay);
    }

    /// One step of all weights.
    ///
    /// @param weights f32, contiguous, by name: trainable ones and possibly others; updated in place
    /// @param gradients f32 of the same shapes; invalid afterwards
    /// @param lrFactor factor of the learning rate for this step
    /// @param maxGradNorm maximum norm of all gradients together; larger ones are scaled down to it, as in
    ///     PyTorch's `clip_grad_norm_`; infinite for no clipping
    void step(Map<String, NDArray> weights, Map<String, NDArray> gradients, double lrFactor, double maxGradNorm);

    /// @return total seconds of all updates; on a GPU, the seconds until they were launched
    double seconds();

    /// Adds both moments of every tensor and the number of steps to a file.
    void write(SafetensorsWriter file);

    /// Resumes from the state that [#write] wrote.
    void read(Safetensors file);

    @Override
    void close();
}
