package io.peregrine.trainer.run;

import io.peregrine.events.spec.RunSpec.TrainingOptions;

/// The learning rate of each step as a factor of the specification's rate. It rises linearly from 0 (warm-up),
/// then stays, or decays to 0 along half a cosine. It has no state, so a resumed training has the same rates.
///
/// @param options with `schedule` and `warmupRatio`
/// @param allSteps steps of the whole training, at least 1
record LearningRateSchedule(TrainingOptions options, long allSteps) {
    /// @param steps steps taken so far, 0 to below `allSteps`
    /// @return factor of the next step, 0 to 1
    double factor(long steps) {
        double warm = options.warmupRatio() * allSteps;
        if (steps < warm) {
            return Math.min(1, (steps + 1) / warm);
        }
        return switch (options.schedule()) {
            case CONSTANT -> 1;
            case COSINE -> (1 + Math.cos(Math.PI * (steps - warm) / (allSteps - warm))) / 2;
        };
    }
}
