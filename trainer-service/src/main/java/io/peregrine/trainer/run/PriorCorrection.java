package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassBalance;
import java.util.List;

/// From a balanced set's proportions of classes to those of the images that were given: a network's
/// probabilities are multiplied by how much rarer or more frequent its class really is, and made to sum to 1
/// again.
///
/// Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities"
/// (2002), with both priors known.
///
/// @param factors of each class in label order, above 0
public record PriorCorrection(double[] factors) {

    /// @param classes of a balanced set, in label order
    public static PriorCorrection of(List<ClassBalance> classes) {
        double[] factors = new double[classes.size()];
        for (int label = 0; label < factors.length; label++) {
            ClassBalance one = classes.get(label);
            double given = one.before();
            double learnt = one.after() * (one.weight() == null ? 1 : one.weight());
            // A class that was never learnt from is predicted by nobody.
            factors[label] = learnt > 0 ? given / learnt : 1;
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
