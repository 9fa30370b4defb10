package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;

/// A network whose output is log-probabilities of classes, f32 [n, classes].
sealed interface Classifier extends TrainableNetwork permits SeedCnn, ResNet {
    /// @return the training loss
    CrossEntropy crossEntropy();

    @Override
    default boolean classifies() {
        return true;
    }

    @Override
    default NDArray loss(NDArray output, NDArray pixels, NDArray labels) {
        return CrossEntropy.measured(output, labels);
    }

    @Override
    default NDArray trainingLoss(NDArray output, NDArray pixels, NDArray labels) {
        return crossEntropy().minimized(output, labels);
    }
}
