package io.peregrine.trainer.run;

import io.peregrine.events.PipelineEvent.Calibration;
import io.peregrine.events.PipelineEvent.TestMeasures;
import java.util.ArrayList;
import java.util.List;

/// Counts true against predicted classes, and what follows from the counts, as scikit-learn defines it.
public final class Predictions {
    private final long[][] confusion;
    private final Reliability asLearnt = new Reliability();
    private final Reliability corrected = new Reliability();
    private double lossSum;
    private long rows;

    /// @param classes number of classes
    public Predictions(int classes) {
        confusion = new long[classes][classes];
    }

    /// Adds one row.
    public void add(int truth, int predicted) {
        confusion[truth][predicted]++;
    }

    /// Adds how sure the network was of one row.
    ///
    /// @param logProbabilities flat; those of the row begin at `from`
    public void addConfidence(int truth, int predicted, float[] logProbabilities, int from, PriorShift shift) {
        asLearnt.add(Math.exp(logProbabilities[from + predicted]), truth == predicted);
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

    /// @return the mean loss of all rows; 0 without any
    public double loss() {
        return rows == 0 ? 0 : lossSum / rows;
    }

    /// @return share of rows whose class was predicted; 0 without any
    public double accuracy() {
        long all = 0;
        long right = 0;
        for (int c = 0; c < confusion.length; c++) {
            right += confusion[c][c];
            all += truths(c);
        }
        return all == 0 ? 0 : (double) right / all;
    }

    /// @return mean recall of the classes that occur (`balanced_accuracy_score`)
    public double balancedAccuracy() {
        double sum = 0;
        int classes = 0;
        for (int c = 0; c < confusion.length; c++) {
            if (truths(c) > 0) {
                sum += recall(c);
                classes++;
            }
        }
        return classes == 0 ? 0 : sum / classes;
    }

    /// @return mean F1 of the classes that occur or are predicted (`f1_score(average='macro')`)
    public double macroF1() {
        double sum = 0;
        int classes = 0;
        for (int c = 0; c < confusion.length; c++) {
            long truths = truths(c);
            long predicted = predicted(c);
            if (truths + predicted > 0) {
                sum += 2.0 * confusion[c][c] / (truths + predicted);
                classes++;
            }
        }
        return classes == 0 ? 0 : sum / classes;
    }

    /// @return share of a class's rows that were predicted as it; 0 where it does not occur
    public double recall(int label) {
        long truths = truths(label);
        return truths == 0 ? 0 : (double) confusion[label][label] / truths;
    }

    /// @return share of the rows predicted as a class that are of it; 0 where none was predicted
    public double precision(int label) {
        long predicted = predicted(label);
        return predicted == 0 ? 0 : (double) confusion[label][label] / predicted;
    }

    /// @return all of it, as the final checkpoint carries it
    public TestMeasures measures() {
        List<Double> recall = new ArrayList<>();
        List<Double> precision = new ArrayList<>();
        List<List<Long>> counts = new ArrayList<>();
        for (int c = 0; c < confusion.length; c++) {
            recall.add(recall(c));
            precision.add(precision(c));
            counts.add(java.util.Arrays.stream(confusion[c]).boxed().toList());
        }
        Calibration calibration = new Calibration(asLearnt.error(), corrected.error(), corrected.accuracy());
        return new TestMeasures(
                loss(), accuracy(), balancedAccuracy(), macroF1(), recall, counts, precision, calibration);
    }

    private long truths(int label) {
        return java.util.Arrays.stream(confusion[label]).sum();
    }

    private long predicted(int label) {
        long sum = 0;
        for (long[] truth : confusion) {
            sum += truth[label];
        }
        return sum;
    }
}
