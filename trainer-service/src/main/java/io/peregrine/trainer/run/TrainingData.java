package io.peregrine.trainer.run;

import io.peregrine.artifacts.PixelRows;

/// Input data of one training.
///
/// @param pixels u8 [3, side, side] of each manifest row
/// @param side side of the images, in pixels
/// @param classes number of classes
/// @param train rows to train on
/// @param validation rows that select the best checkpoint; may be empty
/// @param test rows measured once, at the end; may be empty
/// @param shift correction to the class proportions before balancing
public record TrainingData(
        PixelRows pixels,
        int side,
        int classes,
        TrainingRows train,
        TrainingRows validation,
        TrainingRows test,
        PriorCorrection shift) {}
