package io.peregrine.vision.nn;

import io.peregrine.events.FailureException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/// One tensor of a network's `state_dict`.
///
/// @param name as in PyTorch, such as `conv2d1.weight`
/// @param shape in C order
/// @param start initial distribution
/// @param fanIn inputs of one unit, for a uniform start
/// @param given function of a value's index in C order that returns its initial value; for NaN, or if it is null,
///     `start` applies
public record Parameter(String name, long[] shape, Start start, long fanIn, IntToDoubleFunction given) {
    public Parameter(String name, long[] shape, Start start, long fanIn) {
        this(name, shape, start, fanIn, null);
    }

    /// Initial values of a tensor.
    public enum Start {
        /// Uniform in ±1/√fan-in, PyTorch's default for convolutions and linear layers.
        UNIFORM,
        /// Scale of batch norm.
        ONES,
        /// Shift of batch norm.
        ZEROS,
        /// Running mean of batch norm: zeros, updated by the forward pass, not by the optimizer.
        RUNNING_MEAN,
        /// Running variance of batch norm: ones, updated by the forward pass.
        RUNNING_VARIANCE
    }

    /// @return whether the optimizer updates it
    public boolean isLearned() {
        return start != Start.RUNNING_MEAN && start != Start.RUNNING_VARIANCE;
    }

    /// @return PyTorch's name of the batch counter beside a running variance; empty for other tensors
    public Optional<String> counter() {
        return start == Start.RUNNING_VARIANCE
                ? Optional.of(name.replace("running_var", "num_batches_tracked"))
                : Optional.empty();
    }

    /// @return number of values
    public int size() {
        long size = 1;
        for (long dimension : shape) {
            size = Math.multiplyExact(size, dimension);
        }
        return Math.toIntExact(size);
    }

    /// @throws FailureException INPUT `NETWORK_TOO_LARGE`, if the tensor would take 2 GiB or more
    void mustFit() {
        double bytes = 4;
        for (long dimension : shape) {
            bytes *= dimension;
        }
        if (bytes > Integer.MAX_VALUE) {
            throw FailureException.input(
                    "NETWORK_TOO_LARGE",
                    "tensor %s of shape %s would take %,.0f bytes; at most %,d are allowed. Use a smaller side or latent"
                            .formatted(name, Arrays.toString(shape), bytes, Integer.MAX_VALUE));
        }
    }
}
