package io.peregrine.launcher.compare;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Test results of a classifier.
///
/// @param recall recall of each class in label order; null for a class without test images
/// @param images number of test images of each class, in label order
public record Tested(
        double loss, double accuracy, double balancedAccuracy, double macroF1, List<Double> recall, List<Long> images) {
    public Tested {
        // Not List.copyOf, which refuses null.
        recall = Collections.unmodifiableList(new ArrayList<>(recall));
        images = List.copyOf(images);
    }
}
