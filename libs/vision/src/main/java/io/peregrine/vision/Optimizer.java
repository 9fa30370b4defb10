package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import java.util.Map;

/// What moves weights by their gradients, in place: Adam with PyTorch's values, once for each kind of memory.
/// What one has written the other can read.
public sealed interface Optimizer extends AutoCloseable permits Adam, FusedAdam {
    /// @param rate the learning rate, above 0
    /// @param decay share of a weight that a step at learning rate 1 would take away, from 0 on
    static Optimizer of(NetworkState state, double rate, double decay) {
        return state.isInMemory() ? new Adam(state.network(), rate, decay) : new FusedAdam(state, rate, decay);
    }

    /// One step of all weights.
    ///
    /// @param weights f32, contiguous, by name: those that are learned, and perhaps others; moved in place
    /// @param gradients f32 of the same shapes; of no use afterwards
    /// @param rateShare share of the learning rate that this step has
    /// @param longest norm of all gradients together; longer ones are shortened to it, as PyTorch's
    ///     `clip_grad_norm_`; infinite: none are
    void step(Map<String, NDArray> weights, Map<String, NDArray> gradients, double rateShare, double longest);

    /// @return what moving weights has taken in all; on a GPU, what it took to ask for it
    double seconds();

    /// Adds both moments of every tensor and the number of steps to a file.
    void write(SafetensorsWriter file);

    /// Goes on from what [#write] wrote.
    void read(Safetensors file);

    @Override
    void close();
}
