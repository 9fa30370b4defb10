package io.peregrine.trainer.run;

import java.util.Map;

/// Result of an epoch.
///
/// @param epoch from 1
/// @param best whether its validation loss is the lowest so far; without a validation split, its training loss
/// @param measures `loss`, `accuracy` (classifier), `imagesPerSecond` (absent if the training was resumed after
///     the epoch's last step); with a validation split also `validationLoss`, `validationAccuracy` and
///     `validationBalancedAccuracy`
/// @param test results on the test split; null if the training continues after this epoch
public record EpochResult(int epoch, boolean best, Map<String, Double> measures, Tested test) {
    /// @return whether the training is over
    public boolean last() {
        return test != null;
    }
}
