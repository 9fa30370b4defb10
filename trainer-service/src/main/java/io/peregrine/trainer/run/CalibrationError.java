package io.peregrine.trainer.run;

/// How far a classifier's confidence is from how often it is right: the expected calibration error of Guo and
/// others, "On Calibration of Modern Neural Networks" (2017), over 15 equally wide bins.
final class CalibrationError {
    private static final int BINS = 15;

    private final long[] rows = new long[BINS];
    private final long[] right = new long[BINS];
    private final double[] confidence = new double[BINS];

    /// Adds one row.
    ///
    /// @param confident probability of the class that was predicted, above 0 and at most 1
    void add(double confident, boolean isRight) {
        // Bins are open below and closed above, as in the paper: 1 belongs to the last.
        int bin = Math.clamp((int) Math.ceil(confident * BINS) - 1, 0, BINS - 1);
        rows[bin]++;
        right[bin] += isRight ? 1 : 0;
        confidence[bin] += confident;
    }

    /// @return mean over rows of |share that is right − mean confidence| of the row's bin, 0 to 1; 0 without any
    double error() {
        long all = 0;
        double apart = 0;
        for (int bin = 0; bin < BINS; bin++) {
            all += rows[bin];
            apart += Math.abs(right[bin] - confidence[bin]);
        }
        return all == 0 ? 0 : apart / all;
    }

    /// @return share of rows that are right; 0 without any
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
