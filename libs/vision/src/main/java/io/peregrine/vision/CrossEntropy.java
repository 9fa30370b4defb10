package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/// The loss of classifiers, over log-probabilities.
///
/// @param weights of the classes in training, as PyTorch's `NLLLoss(weight=…)`; null: all alike
/// @param smoothing share of each image's truth that is spread evenly over all classes in training, 0 to
///     below 1: Szegedy et al., "Rethinking the Inception Architecture", 2016, as PyTorch's `label_smoothing`
record CrossEntropy(float[] weights, float smoothing) {
    CrossEntropy {
        weights = weights == null ? null : weights.clone();
    }

    /// @param output f32 [n, classes]: log-probabilities
    /// @param labels i64 [n]
    /// @return the mean negative log-likelihood, neither weighed nor smoothed: what is measured
    static NDArray measured(NDArray output, NDArray labels) {
        return output.gather(rows(labels).reshape(-1, 1), 1).mean().neg();
    }

    /// What is minimized. With weights Σ w[y] · nll / Σ w[y]: an image of a rare class counts for as many as its
    /// class lacks. With smoothing ε: (1 − ε) of that, and ε of the mean over the classes, weighed alike.
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

    /// As PyTorch: Σ_n Σ_c w[c] · −log p[n, c] / classes, over Σ_n w[y[n]].
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
