package io.peregrine.vision;

import io.peregrine.events.FailureException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/// One tensor of a network's `state_dict`.
///
/// @param name as PyTorch's, such as `conv2d1.weight`
/// @param shape in C order
/// @param start how it begins
/// @param fanIn for a uniform start: inputs of one unit
/// @param given of each value's place in C order, with which it begins; where that is NaN, and where this is
///     null, it begins as `start` says
public record Parameter(String name, long[] shape, Start start, long fanIn, IntToDoubleFunction given) {
    public Parameter(String name, long[] shape, Start start, long fanIn) {
        this(name, shape, start, fanIn, null);
    }

    /// How a tensor begins.
    public enum Start {
        /// Uniform in ±1/√fan-in, PyTorch's default of convolutions and linear layers.
        UNIFORM,
        /// Batch norm's scale.
        ONES,
        /// Batch norm's shift.
        ZEROS,
        /// Running mean of batch norm: zeros, moved by the forward pass, not by the optimizer.
        RUNNING_MEAN,
        /// Running variance of batch norm: ones, moved by the forward pass.
        RUNNING_VARIANCE
    }

    /// @return whether the optimizer moves it
    public boolean isLearned() {
        return start != Start.RUNNING_MEAN && start != Start.RUNNING_VARIANCE;
    }

    /// @return what PyTorch calls the count of batches that it keeps beside a running variance; empty for all else
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

    /// @throws Failure INPUT `NETWORK_TOO_LARGE`, if it would take 2 GiB or more
    void mustFit() {
        double bytes = 4;
        for (long dimension : shape) {
            bytes *= dimension;
        }
        if (bytes > Integer.MAX_VALUE) {
            throw FailureException.input(
                    "NETWORK_TOO_LARGE",
                    "tensor %s of shape %s would take %,.0f bytes, at most %,d: say a smaller side or latent"
                            .formatted(name, Arrays.toString(shape), bytes, Integer.MAX_VALUE));
        }
    }
}
