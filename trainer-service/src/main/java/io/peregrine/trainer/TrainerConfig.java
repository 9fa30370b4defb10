package io.peregrine.trainer;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;

/// What the trainer is told.
@ConfigMapping(prefix = "peregrine.trainer")
public interface TrainerConfig {
    /// Folder of resume states: weights, moments and position of the job at work. It must outlive the process.
    @WithDefault("trainer-state")
    Path state();

    /// How much work a kill may cost at most, beside the batch at work. Each save writes three times the weights.
    @WithDefault("10s")
    Duration saveEvery();

    /// For how long a training may hold the trainer while another run waits. Each slice costs a save and a
    /// resume.
    @WithDefault("30s")
    Duration slice();

    /// Threads of one tensor operation, as many as there are processors when left out. A run that was begun with
    /// another number is finished with that one: other numbers give other last digits.
    OptionalInt threads();
}
