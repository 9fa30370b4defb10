package io.peregrine.events.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.events.spec.RunSpec.ClusterSpec;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.TrainingOptions;

/// Makes a specification of the values of its fields, and checks the rules that concern several fields.
final class SpecReader {
    private SpecReader() {}

    static RunSpec read(ObjectNode json) throws InvalidSpecException {
        FieldErrors errors = new FieldErrors();
        SpecValues values = SpecValues.read(json, errors);
        checkSplit(values);
        checkStrategy(values);
        if (errors.count() > 0) {
            throw new InvalidSpecException(errors);
        }
        return new RunSpec(
                values.get(SpecFields.DATASET),
                values.get(SpecFields.URI),
                new SplitSpec(
                        values.get(SpecFields.TEST),
                        values.get(SpecFields.VALIDATION),
                        values.get(SpecFields.SPLIT_SEED)),
                new ImageSpec(
                        values.get(SpecFields.SIDE), values.get(SpecFields.FIT), values.get(SpecFields.ORIENTATION)),
                new BalanceSpec(
                        values.get(SpecFields.METHOD),
                        values.get(SpecFields.STRATEGY),
                        values.get(SpecFields.NEIGHBOURS),
                        values.get(SpecFields.BASE_SAMPLING),
                        values.get(SpecFields.BALANCE_SEED)),
                training(values, SpecFields.CLASSIFIER),
                training(values, SpecFields.AUTOENCODER),
                new ClusterSpec(values.get(SpecFields.K), values.get(SpecFields.CLUSTERS_SEED)),
                values.get(SpecFields.PRIORITY));
    }

    private static void checkSplit(SpecValues values) {
        if (values.get(SpecFields.TEST) + values.get(SpecFields.VALIDATION) >= 1) {
            values.addError(SpecFields.VALIDATION, "leaves nothing to train on", "test + validation must be below 1");
        }
    }

    /// In over-sampling `not majority` is a synonym of `auto`; in under-sampling it would mean something else.
    private static void checkStrategy(SpecValues values) {
        JsonNode strategy = values.found(SpecFields.STRATEGY);
        if (values.get(SpecFields.METHOD) == Method.RANDOM_UNDER
                && strategy != null
                && strategy.asText().equals("not majority")) {
            values.addError(
                    SpecFields.STRATEGY,
                    "is not allowed for method random-under",
                    "auto, not minority, all, ratio or counts");
        }
    }

    private static TrainSpec training(SpecValues values, NetworkFields fields) {
        return new TrainSpec(
                values.get(fields.preset()),
                fields.latent() == null ? 0 : values.get(fields.latent()),
                values.get(fields.epochs()),
                values.get(fields.batchSize()),
                values.get(fields.learningRate()),
                values.get(fields.seed()),
                fields.dropout() == null ? 0 : values.get(fields.dropout()),
                new TrainingOptions(
                        values.get(fields.schedule()),
                        values.get(fields.warmupRatio()),
                        values.get(fields.weightDecay()),
                        values.get(fields.maxGradNorm()),
                        fields.labelSmoothing() == null ? 0 : values.get(fields.labelSmoothing()),
                        values.get(fields.augmentation()),
                        values.get(fields.patience())),
                values.get(fields.device()),
                values.get(fields.initialWeights()));
    }
}
