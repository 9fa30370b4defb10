package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassBalance;
import java.util.List;

/// Corrects a network's probabilities from the class proportions of the balanced set to those of the original
/// images. Each probability is multiplied by the ratio of the class's original to its balanced share, and the
/// result is normalized to sum to 1.
///
/// Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities"
/// (2002), with both priors known.
///
/// @param factors factor of each class in label order, above 0
public record PriorCorrection(double[] factors) {

    /// @param classes of a balanced set, in label order
    public static PriorCorrection of(List<ClassBalance> classes) {
        double[] factors = new double[classes.size()];
        for (int label = 0; label < factors.length; label++) {
            ClassBalance one = classes.get(label);
            double original = one.before();
            double balanced = one.after() * (one.weight() == null ? 1 : one.weight());
            // A class without training rows is never predicted.
            factors[label] = balanced > 0 ? original / balanced : 1;
        }
        return new PriorCorrection(factors);
    }

    /// @param logProbabilities flat; those of one row begin at `from`
    /// @return corrected probabilities of the row
    double[] corrected(float[] logProbabilities, int from) {
        double[] probabilities = new double[factors.length];
        double sum = 0;
        for (int label = 0; label < factors.length; label++) {
            probabilities[label] = Math.exp(logProbabilities[from + label]) * factors[label];
            sum += probabilities[label];
        }
        for (int label = 0; label < factors.length; label++) {
            probabilities[label] /= sum;
        }
        return probabilities;
    }
}
