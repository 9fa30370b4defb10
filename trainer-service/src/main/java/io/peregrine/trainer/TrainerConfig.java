package io.peregrine.trainer;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;

/// Settings of the trainer.
@ConfigMapping(prefix = "peregrine.trainer")
public interface TrainerConfig {
    /// Folder of training snapshots: weights, Adam moments and progress of the running job. It must outlive the
    /// process.
    @WithDefault("trainer-state")
    Path state();

    /// Upper limit of the work that a kill can cost, besides the current batch. Each save writes three times the
    /// weights.
    @WithDefault("10s")
    Duration saveEvery();

    /// How long a training may occupy the trainer while another run waits. Each slice costs one save and one
    /// resume.
    @WithDefault("30s")
    Duration slice();

    /// Threads of one tensor operation; by default the number of processors. A run that started with another
    /// number finishes with that number, because another number changes the last digits.
    OptionalInt threads();
}
