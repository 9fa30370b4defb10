package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Map;

/// A network as stateless functions over a map of its `state_dict`.
public sealed interface TrainableNetwork permits Classifier, Autoencoder {
    /// @return tensors in `state_dict` order
    List<Parameter> parameters();

    /// @param state every tensor of [#parameters] by name
    /// @param pixels f32 [n, 3, side, side], 0 to 255, unscaled
    /// @param training whether dropout is active and batch norm uses and records the batch's statistics
    /// @return the network's output
    NDArray output(Map<String, NDArray> state, NDArray pixels, boolean training);

    /// @return whether its output is log-probabilities of classes
    default boolean classifies() {
        return false;
    }

    /// @param output of [#output]
    /// @param pixels its input
    /// @param labels i64 [n]; ignored by an autoencoder
    /// @return f32 scalar: the mean loss
    NDArray loss(NDArray output, NDArray pixels, NDArray labels);

    /// The loss that training minimizes, if it differs from the reported one.
    default NDArray trainingLoss(NDArray output, NDArray pixels, NDArray labels) {
        return loss(output, pixels, labels);
    }
}
