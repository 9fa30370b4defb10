package io.peregrine.trainer.run;

/// Distance between a classifier's confidence and its accuracy: the expected calibration error of Guo and others,
/// "On Calibration of Modern Neural Networks" (2017), over 15 bins of equal width.
final class CalibrationError {
    private static final int BINS = 15;

    private final long[] rows = new long[BINS];
    private final long[] right = new long[BINS];
    private final double[] confidence = new double[BINS];

    /// Adds one row.
    ///
    /// @param confident probability of the predicted class, above 0 and at most 1
    void add(double confident, boolean isRight) {
        // Bins are open below and closed above, as in the paper: 1 belongs to the last.
        int bin = Math.clamp((int) Math.ceil(confident * BINS) - 1, 0, BINS - 1);
        rows[bin]++;
        right[bin] += isRight ? 1 : 0;
        confidence[bin] += confident;
    }

    /// @return mean over rows of |accuracy − mean confidence| of the row's bin, 0 to 1; 0 without rows
    double error() {
        long all = 0;
        double difference = 0;
        for (int bin = 0; bin < BINS; bin++) {
            all += rows[bin];
            difference += Math.abs(right[bin] - confidence[bin]);
        }
        return all == 0 ? 0 : difference / all;
    }

    /// @return share of rows that were predicted correctly; 0 without rows
    double accuracy() {
        long all = 0;
        long hits = 0;
        for (int bin = 0; bin < BINS; bin++) {
            all += rows[bin];
            hits += right[bin];
        }
        return all == 0 ? 0 : (double) hits / all;
    }
}
