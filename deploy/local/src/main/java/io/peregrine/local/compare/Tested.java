package io.peregrine.local.compare;

import java.util.List;

/// What a classifier came to on the test images.
///
/// @param recall by class in label order; empty where it was not measured
/// @param images tested images of each class, in label order
public record Tested(
        double loss, double accuracy, double balancedAccuracy, double macroF1, List<Double> recall, List<Long> images) {
    public Tested {
        recall = List.copyOf(recall);
        images = List.copyOf(images);
    }
}
