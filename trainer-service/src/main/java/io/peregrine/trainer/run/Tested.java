package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.Calibration;
import io.peregrine.events.PipelineEvent.TestMeasures;

/// Result of a training on the test split.
///
/// @param images number of tested images; may be 0
/// @param calibration null for an autoencoder
/// @param byClass null for an autoencoder
public record Tested(double loss, long images, Calibration calibration, ClassResults byClass) {
    /// Result without test images.
    static final Tested NOTHING = new Tested(0, 0, null, null);

    /// @param results the artifact of [#byClass], or null
    /// @return measures for the final checkpoint's event; null without test images
    public TestMeasures measures(ArtifactRef results) {
        if (images == 0) {
            return null;
        }
        return byClass == null
                ? new TestMeasures(loss, null, null, null, images, null, null)
                : new TestMeasures(
                        loss,
                        byClass.accuracy(),
                        byClass.balancedAccuracy(),
                        byClass.macroF1(),
                        images,
                        calibration,
                        results);
    }
}
