package io.peregrine.trainer.run;

/// Called after each batch of a training; an exception ends the training.
@FunctionalInterface
public interface BatchListener {
    /// @param position progress after the batch
    /// @param batches batches per epoch
    /// @param rows rows of the batch just trained on
    /// @param stepSeconds seconds of the step, without the wait for the batch
    void afterBatch(TrainingProgress position, int batches, int rows, double stepSeconds);
}
