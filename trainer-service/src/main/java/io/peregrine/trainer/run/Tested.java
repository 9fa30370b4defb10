package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.Calibration;
import io.peregrine.events.PipelineEvent.TestMeasures;

/// What a training has come to on the test split.
///
/// @param images that were tested; 0: there are none
/// @param calibration of a classifier; null where it was not measured
/// @param byClass of a classifier; null where it was not measured
public record Tested(double loss, long images, Calibration calibration, ClassResults byClass) {
    /// Nothing was tested.
    static final Tested NOTHING = new Tested(0, 0, null, null);

    /// @param results the artifact of [#byClass], or null
    /// @return what the final checkpoint's event carries
    public TestMeasures measures(ArtifactRef results) {
        return byClass == null
                ? new TestMeasures(loss, 0, 0, 0, images, null, null)
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
