package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.events.spec.RunSpec.Schedule;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.TrainingOptions;
import io.peregrine.vision.nn.SeedAutoencoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Small trainings: what they learn, what they measure, and when they end.
class NetworkTrainingTest extends DrawnImages {
    @Test
    void classifierLearnsToDistinguishDarkFromLight() {
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            EpochResult last = null;
            while (!training.isOver()) {
                assertThat(last == null || !last.last()).isTrue();
                last = training.epoch(
                        (position, batches, rows, seconds) -> {
                            assertThat(batches).isEqualTo(5);
                            assertThat(rows).isEqualTo(position.batch() == 5 ? 3 : 5);
                        },
                        () -> {});
            }
            assertThat(last.epoch()).isEqualTo(3);
            assertThat(last.measures()).containsOnlyKeys("loss", "accuracy", "imagesPerSecond");
            assertThat(last.test().byClass().images()).isEqualTo(4);
            assertThat(last.test().byClass().accuracy()).isGreaterThanOrEqualTo(0.75);
        }
    }

    @Test
    void validationMeasuresBalancedAccuracyToo() {
        TrainingRows test = material.test();
        // Two dark images and a light one; an untrained network predicts the same class for all.
        TrainingRows three = first(test, 3);
        TrainingData validated = new TrainingData(pixels, SIDE, 2, material.train(), three, test, NO_SHIFT);
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(1e-9), validated)) {
            Map<String, Double> measures = training.epoch((position, batches, rows, seconds) -> {}, () -> {})
                    .measures();
            assertThat(measures).containsKeys("validationLoss", "validationAccuracy", "validationBalancedAccuracy");
            double right = 3 * measures.get("validationAccuracy");
            assertThat(measures.get("validationBalancedAccuracy"))
                    .as("of %s right", right)
                    .isIn(right == 2 ? List.of(0.5, 0.75) : right == 1 ? List.of(0.25, 0.5) : List.of(right / 3));
        }
    }

    @Test
    void trainingEndsWhenPatienceIsExhausted() {
        TrainSpec spec = new TrainSpec(
                "seed-cnn",
                0,
                50,
                5,
                0.3,
                42,
                0.1,
                new TrainingOptions(Schedule.CONSTANT, 0, 0, 0, 0, AugmentationPolicy.NONE, 2));
        TrainingData watched =
                new TrainingData(pixels, SIDE, 2, material.train(), material.test(), material.test(), NO_SHIFT);
        List<Boolean> best = new ArrayList<>();
        try (NetworkTraining training = new NetworkTraining(cnn(), spec, watched)) {
            while (!training.isOver()) {
                best.add(training.epoch((position, batches, rows, seconds) -> {}, () -> {})
                        .best());
            }
        }
        assertThat(best).hasSizeBetween(3, 49).startsWith(true).endsWith(false, false);
        assertThat(java.util.Collections.indexOfSubList(best, List.of(false, false)))
                .as("not at a later point either")
                .isEqualTo(best.size() - 2);
    }

    @Test
    void withoutValidationItRunsAllEpochs() {
        TrainSpec spec = new TrainSpec(
                "seed-cnn",
                0,
                8,
                5,
                0.3,
                42,
                0.1,
                new TrainingOptions(Schedule.CONSTANT, 0, 0, 0, 0, AugmentationPolicy.NONE, 1));
        int epochs = 0;
        try (NetworkTraining training = new NetworkTraining(cnn(), spec, material)) {
            for (; !training.isOver(); epochs++) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
        }
        assertThat(epochs).isEqualTo(8);
    }

    @Test
    void anotherSeedGivesAnotherResult() throws IOException {
        TrainSpec other = new TrainSpec("seed-cnn", 0, 3, 5, 0.01, 43, 0.1);
        assertThat(uninterrupted(cnn(), other)).isNotEqualTo(uninterrupted(cnn(), classifier(0.01)));
    }

    @Test
    void nonFiniteLossFailsWithARemedy() {
        // Initial weights that overflow float32 in the first squared error.
        TrainSpec wild = new TrainSpec("seed-autoencoder", 6, 50, 5, 1e30, 7, 0);
        try (NetworkTraining training = new NetworkTraining(new SeedAutoencoder(SIDE, 6), wild, material)) {
            assertThatThrownBy(() -> {
                        while (!training.isOver()) {
                            training.epoch((position, batches, rows, seconds) -> {}, () -> {});
                        }
                    })
                    .isInstanceOfSatisfying(FailureException.class, failure -> {
                        assertThat(failure.code()).isEqualTo("LOSS_NOT_FINITE");
                        assertThat(failure)
                                .hasMessageContaining("seed-autoencoder")
                                .hasMessageContaining("below 1.0E30");
                    });
        }
    }

    @Test
    void measurementCanStopBetweenBatches() {
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            assertThatThrownBy(() -> training.test(() -> {
                        throw new Stopped();
                    }))
                    .isInstanceOf(Stopped.class);
        }
    }
}
