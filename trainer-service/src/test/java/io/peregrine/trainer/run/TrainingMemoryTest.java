package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingMemoryTest {
    private static final long GIB = 1L << 30;

    @ParameterizedTest(name = "{0}, batches of {1}, side {2}")
    @CsvSource({
        // Measured increase of resident memory over two steps, in MB.
        "seed-cnn, 8, 256, 318",
        "resnet, 8, 256, 359",
        "seed-autoencoder, 8, 256, 1022",
        "resnet-autoencoder, 8, 256, 515",
        "seed-cnn, 2, 512, 362",
        "resnet, 2, 512, 356",
        "seed-autoencoder, 2, 512, 2946",
        "resnet-autoencoder, 2, 512, 1441"
    })
    void estimateIsCloseToTheMeasurement(String preset, int batchSize, int side, long megabytes) {
        long estimated = TrainingMemory.bytes(Networks.of(spec(preset, batchSize), side, 6, null), batchSize, side);
        assertThat(estimated / 1e6).isBetween(0.9 * megabytes, 1.35 * megabytes);
    }

    @Test
    void largestSideWithDefaultBatchSizeFailsAndSuggestsABatchSize() {
        TrainSpec spec = spec("resnet", 32);
        assertThatThrownBy(() -> TrainingMemory.mustFit(Networks.of(spec, 2048, 6, null), spec, 2048, 6 * GIB))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        failure -> assertThat(failure.code()).isEqualTo("TRAINING_TOO_LARGE"))
                .hasMessageContaining("batches of 32 images of side 2048")
                .hasMessageContaining("use a batchSize of at most 3, or a smaller image.side");
        TrainSpec fits = spec("resnet", 3);
        assertThatCode(() -> TrainingMemory.mustFit(Networks.of(fits, 2048, 6, null), fits, 2048, 6 * GIB))
                .doesNotThrowAnyException();
    }

    @Test
    void noBatchSizeIsSuggestedIfNotOneImageFits() {
        TrainSpec spec = spec("resnet", 1);
        assertThatThrownBy(() -> TrainingMemory.mustFit(Networks.of(spec, 2048, 6, null), spec, 2048, GIB))
                .hasMessageEndingWith("this trainer has 1,024 MB: use a smaller image.side");
    }

    @Test
    void runsOfTheReadmeFitASmallMachine() {
        for (String preset : new String[] {"resnet", "resnet-autoencoder", "seed-cnn", "seed-autoencoder"}) {
            TrainSpec spec = spec(preset, 32);
            assertThatCode(() -> TrainingMemory.mustFit(Networks.of(spec, 224, 27, null), spec, 224, 3 * GIB))
                    .doesNotThrowAnyException();
        }
    }

    private static TrainSpec spec(String preset, int batchSize) {
        return new TrainSpec(preset, 300, 1, batchSize, 0.001, 42, 0.1);
    }
}
