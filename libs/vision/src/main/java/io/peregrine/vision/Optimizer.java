package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import java.util.Collection;

/// What moves weights by their gradients, in place: Adam with PyTorch's values, once for each kind of memory. What one
/// has written the other can read.
public sealed interface Optimizer extends AutoCloseable permits Adam, DeviceAdam {
    /// @param rate the learning rate, above 0
    /// @param decay share of a weight that a step at learning rate 1 would take away, from 0 on
    static Optimizer of(NetworkState state, double rate, double decay) {
        return state.isInMemory() ? new Adam(state.network(), rate, decay) : new DeviceAdam(state, rate, decay);
    }

    /// Begins a step: to be called once before the updates of a batch.
    ///
    /// @param rateShare share of the learning rate that this step has
    /// @param shortened what gradients are multiplied by
    void begin(double rateShare, double shortened);

    /// Moves one tensor by its gradient, which is of no use afterwards.
    ///
    /// @param value f32, contiguous
    /// @param gradient f32 of the same shape
    void update(String name, NDArray value, NDArray gradient);

    /// @return the norm of all gradients together
    double norm(Collection<NDArray> gradients);

    /// @return what all updates of this object have taken; on a GPU, what it took to ask for them
    double seconds();

    /// Adds both moments of every tensor and the number of steps to a file.
    void write(SafetensorsWriter file);

    /// Goes on from what [#write] wrote.
    void read(Safetensors file);

    @Override
    void close();
}
