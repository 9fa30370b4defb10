package io.peregrine.local.compare;

import java.util.List;

/// Test results of a classifier.
///
/// @param recall recall of each class in label order; empty if it was not measured
/// @param images number of test images of each class, in label order
public record Tested(
        double loss, double accuracy, double balancedAccuracy, double macroF1, List<Double> recall, List<Long> images) {
    public Tested {
        recall = List.copyOf(recall);
        images = List.copyOf(images);
    }
}
