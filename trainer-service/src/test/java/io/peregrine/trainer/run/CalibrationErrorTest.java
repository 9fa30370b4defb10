package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.artifacts.ClassBalance;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class CalibrationErrorTest {
    private static final Offset<Double> CLOSE = within(1e-6);

    @Test
    void accuracyEqualToConfidenceIsCalibrated() {
        CalibrationError reliability = new CalibrationError();
        for (int row = 0; row < 10; row++) {
            reliability.add(0.7, row < 7);
        }
        assertThat(reliability.error()).isCloseTo(0, CLOSE);
        assertThat(reliability.accuracy()).isCloseTo(0.7, CLOSE);
        assertThat(new CalibrationError().error()).isZero();
    }

    /// Bins are a fifteenth wide: 0.95 and 1 share one; 0.9 and 0.55 have others.
    @Test
    void errorIsTheMeanDistanceOfTheBins() {
        CalibrationError reliability = new CalibrationError();
        reliability.add(1, true);
        reliability.add(0.95, false);
        reliability.add(0.9, true);
        reliability.add(0.55, false);
        double last = Math.abs(1 - 1.95);
        assertThat(reliability.error()).isCloseTo((last + 0.1 + 0.55) / 4, CLOSE);
    }

    /// 30 of 40 images belong to the first class; after balancing, both classes were trained on equally.
    @Test
    void correctedProbabilitiesHaveTheOriginalProportions() {
        PriorCorrection shift =
                PriorCorrection.of(List.of(new ClassBalance("a", 30, 0, 0), new ClassBalance("b", 10, 20, 0)));
        assertThat(shift.factors()).containsExactly(1, 1 / 3.);
        float[] logs = {9, (float) Math.log(0.4), (float) Math.log(0.6)};
        double[] corrected = shift.corrected(logs, 1);
        assertThat(corrected[0]).isCloseTo(0.4 / 0.6, CLOSE);
        assertThat(corrected[1]).isCloseTo(0.2 / 0.6, CLOSE);
    }

    @Test
    void weightsAndDroppedImagesCountToo() {
        List<ClassBalance> classes = List.of(
                new ClassBalance("weighed", 10, 0, 0, null, null, null, 2.0),
                new ClassBalance("dropped", 10, 0, 0, null, null, 30L, null),
                new ClassBalance("empty", 0, 0, 0));
        assertThat(PriorCorrection.of(classes).factors()).containsExactly(0.5, 4, 1);
    }

    @Test
    void predictionsContainAccuracyAndBothErrors() {
        Predictions predictions = new Predictions(2);
        PriorCorrection shift = new PriorCorrection(new double[] {1, 0.25});
        float[] logs = {(float) Math.log(0.4), (float) Math.log(0.6)};
        for (int truth : new int[] {0, 1, 1}) {
            predictions.add(truth, 1);
            predictions.addConfidence(truth, 1, logs, 0, shift);
        }
        Tested measures = predictions.tested();
        assertThat(measures.byClass().precision(0)).as("never predicted").isNaN();
        assertThat(measures.byClass().precision(1)).isCloseTo(2 / 3., CLOSE);
        assertThat(measures.calibration().error()).isCloseTo(2 / 3. - 0.6, CLOSE);
        // 0.4 to 0.15 becomes 0.727 for the first class, which is right once of three times.
        assertThat(measures.calibration().correctedError()).isCloseTo(0.4 / 0.55 - 1 / 3., CLOSE);
        assertThat(measures.calibration().correctedAccuracy()).isCloseTo(1 / 3., CLOSE);
    }
}
