package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.events.PipelineEvent.Calibration;

/// Counts true against predicted classes, and measures calibration and loss.
public final class Predictions {
    private final ClassResults.Counter counter;
    private final CalibrationError uncalibrated = new CalibrationError();
    private final CalibrationError corrected = new CalibrationError();
    private double lossSum;
    private long rows;

    /// @param classes number of classes
    public Predictions(int classes) {
        counter = new ClassResults.Counter(classes);
    }

    /// Adds one row.
    public void add(int truth, int predicted) {
        counter.add(truth, predicted);
    }

    /// Adds the confidence of one row.
    ///
    /// @param logProbabilities flat; those of the row start at `from`
    public void addConfidence(int truth, int predicted, float[] logProbabilities, int from, PriorCorrection shift) {
        uncalibrated.add(Math.exp(logProbabilities[from + predicted]), truth == predicted);
        double[] probabilities = shift.corrected(logProbabilities, from);
        int best = 0;
        for (int label = 1; label < probabilities.length; label++) {
            best = probabilities[label] > probabilities[best] ? label : best;
        }
        corrected.add(probabilities[best], truth == best);
    }

    /// Adds a batch's loss.
    ///
    /// @param mean of the batch
    public void addLoss(double mean, int batchRows) {
        lossSum += mean * batchRows;
        rows += batchRows;
    }

    /// @return the mean loss of all rows; 0 without rows
    public double loss() {
        return rows == 0 ? 0 : lossSum / rows;
    }

    /// @return only the mean loss, the measure of an autoencoder
    Tested lossAlone() {
        return new Tested(loss(), rows, null, null);
    }

    /// @return all measures of a classifier, for the end of its training
    public Tested tested() {
        Calibration calibration = new Calibration(uncalibrated.error(), corrected.error(), corrected.accuracy());
        return new Tested(loss(), rows, calibration, results());
    }

    /// @return counts and rates per class
    public ClassResults results() {
        return counter.results();
    }
}
