package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.vision.nn.Batch;
import io.peregrine.vision.optim.Training;
import io.peregrine.vision.optim.Training.Outcome;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/// Measures a network in its current state on the validation or test split, without training it.
final class Evaluation {
    /// Name of the validation loss, by which the best checkpoint is selected.
    static final String VALIDATION_LOSS = "validationLoss";

    private final Training training;
    private final TrainingData data;
    private final int batchSize;
    private final boolean classifies;

    /// @param training of the network
    /// @param batchSize rows per batch
    /// @param classifies whether the network is a classifier
    Evaluation(Training training, TrainingData data, int batchSize, boolean classifies) {
        this.training = training;
        this.data = data;
        this.batchSize = batchSize;
        this.classifies = classifies;
    }

    /// @param between called before each batch; an exception ends the evaluation
    /// @return `validationLoss`, and of a classifier `validationAccuracy` and `validationBalancedAccuracy`; empty
    ///     without validation rows
    Map<String, Double> validate(Runnable between) {
        Map<String, Double> measures = new LinkedHashMap<>();
        if (data.validation().count() > 0) {
            Predictions validation = measure(data.validation(), false, between);
            measures.put(VALIDATION_LOSS, validation.loss());
            if (classifies) {
                ClassResults results = validation.results();
                measures.put("validationAccuracy", results.accuracy());
                measures.put("validationBalancedAccuracy", results.balancedAccuracy());
            }
        }
        return measures;
    }

    /// @param between called before each batch; an exception ends the evaluation
    /// @return results on the test rows
    Tested test(Runnable between) {
        if (data.test().count() == 0) {
            return Tested.NOTHING;
        }
        Predictions predictions = measure(data.test(), true, between);
        return classifies ? predictions.tested() : predictions.lossAlone();
    }

    /// @param confidence whether to measure the calibration too
    private Predictions measure(TrainingRows rows, boolean confidence, Runnable between) {
        Predictions predictions = new Predictions(data.classes());
        int[] order = IntStream.range(0, rows.count()).toArray();
        try (BatchFeed feed = new BatchFeed(rows, data.pixels(), data.side(), order, batchSize, 0, null)) {
            while (feed.hasNext()) {
                between.run();
                Batch batch = feed.next();
                Outcome outcome = training.measure(batch);
                predictions.addLoss(outcome.loss(), batch.count());
                add(predictions, batch, outcome, confidence);
            }
        }
        return predictions;
    }

    private void add(Predictions predictions, Batch batch, Outcome outcome, boolean confidence) {
        for (int row = 0; row < outcome.predicted().length; row++) {
            int truth = (int) batch.label(row);
            int predicted = outcome.predicted()[row];
            predictions.add(truth, predicted);
            if (confidence) {
                int from = row * data.classes();
                predictions.addConfidence(truth, predicted, outcome.logProbabilities(), from, data.shift());
            }
        }
    }
}
