package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/// Loss of classifiers, computed from log-probabilities.
///
/// @param weights class weights in training, as in PyTorch's `NLLLoss(weight=…)`; null if all are equal
/// @param smoothing share of each label that is spread evenly over all classes in training, 0 to below 1: Szegedy
///     et al., "Rethinking the Inception Architecture", 2016, as in PyTorch's `label_smoothing`
record CrossEntropy(float[] weights, float smoothing) {
    CrossEntropy {
        weights = weights == null ? null : weights.clone();
    }

    /// @param output f32 [n, classes]: log-probabilities
    /// @param labels i64 [n]
    /// @return the mean negative log-likelihood without weights and smoothing, as reported
    static NDArray measured(NDArray output, NDArray labels) {
        return output.gather(rows(labels).reshape(-1, 1), 1).mean().neg();
    }

    /// The training loss. With weights it is Σ w[y] · nll / Σ w[y], so images of rare classes count more. With
    /// smoothing ε it is (1 − ε) of that, plus ε times the weighted mean over the classes.
    NDArray minimized(NDArray output, NDArray labels) {
        NDArray truth = weights == null ? measured(output, labels) : weighed(output, labels);
        if (smoothing == 0) {
            return truth;
        }
        return truth.mul(1 - smoothing).add(spread(output, labels).mul(smoothing));
    }

    private NDArray weighed(NDArray output, NDArray labels) {
        NDArray rows = rows(labels);
        NDArray weight = output.getManager().create(weights).gather(rows, 0);
        NDArray found = output.gather(rows.reshape(-1, 1), 1).reshape(-1);
        return found.mul(weight).sum().div(weight.sum()).neg();
    }

    /// As in PyTorch: Σ_n Σ_c w[c] · −log p[n, c] / classes, over Σ_n w[y[n]].
    private NDArray spread(NDArray output, NDArray labels) {
        if (weights == null) {
            return output.mean().neg();
        }
        long classes = output.getShape().get(1);
        NDArray weight = output.getManager().create(weights);
        NDArray all = output.mul(weight.reshape(1, classes)).sum().div(classes);
        return all.div(weight.gather(rows(labels), 0).sum()).neg();
    }

    private static NDArray rows(NDArray labels) {
        return labels.toType(DataType.INT64, false);
    }
}
