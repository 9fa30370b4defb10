package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.vision.nn.TrainableNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every network trains at the smallest sides, with batches of one row and with any remainder of rows in the last
/// batch. A side of 8 or 16 leaves one value per channel in the later stages of `resnet`.
class SmallBatchTest extends DrawnImages {
    private static final int[] SIDES = {8, 16, 24, 32};

    @ParameterizedTest(name = "{0}, {1} rows in batches of {2}")
    @CsvSource({
        "resnet, 33, 32",
        "resnet, 34, 32",
        "resnet, 3, 1",
        "resnet, 1, 32",
        "resnet-autoencoder, 33, 32",
        "resnet-autoencoder, 34, 32",
        "resnet-autoencoder, 3, 1",
        "resnet-autoencoder, 1, 32",
        "seed-cnn, 33, 32",
        "seed-cnn, 34, 32",
        "seed-cnn, 3, 1",
        "seed-cnn, 1, 32",
        "seed-autoencoder, 33, 32",
        "seed-autoencoder, 34, 32",
        "seed-autoencoder, 3, 1",
        "seed-autoencoder, 1, 32"
    })
    void trainsAtEverySide(String preset, int rows, int batchSize) throws IOException {
        for (int side : SIDES) {
            TrainSpec spec = spec(preset, side, batchSize);
            List<EpochResult> epochs = new ArrayList<>();
            try (PixelRows images = images(side);
                    NetworkTraining training =
                            new NetworkTraining(network(spec, side), spec, data(images, side, rows))) {
                Path before = written(training, "before");
                while (!training.isOver()) {
                    epochs.add(training.epoch((position, batches, count, seconds) -> {}, () -> {}));
                }
                assertThat(training.position().steps()).isEqualTo(2L * Math.ceilDiv(rows, batchSize));
                assertTrained(before, written(training, "after"), preset + " at side " + side);
            }
            assertThat(epochs)
                    .extracting(epoch -> epoch.measures().get("loss"))
                    .hasSize(2)
                    .allMatch(Double::isFinite);
            assertThat(epochs.getLast().test().loss()).isFinite();
        }
    }

    /// The batch of one row is the last of the first epoch; the training resumes before it, or after it.
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void resumedTrainingWithABatchOfOneRowEndsInTheSameBytes(int savedAfter) throws IOException {
        TrainSpec spec = spec("resnet", 8, 32);
        Path snapshot = folder.resolve("snapshot");
        byte[] uninterrupted;
        try (PixelRows images = images(8);
                NetworkTraining training = new NetworkTraining(network(spec, 8), spec, data(images, 8, 33))) {
            while (!training.isOver()) {
                training.epoch(
                        (position, batches, count, seconds) -> {
                            if (position.steps() == savedAfter) {
                                save(training, snapshot);
                            }
                        },
                        () -> {});
            }
            uninterrupted = weights(training);
        }
        try (PixelRows images = images(8);
                Safetensors saved = Safetensors.open(snapshot);
                NetworkTraining training = new NetworkTraining(network(spec, 8), spec, data(images, 8, 33), saved)) {
            while (!training.isOver()) {
                training.epoch((position, batches, count, seconds) -> {}, () -> {});
            }
            assertThat(weights(training)).isEqualTo(uninterrupted);
        }
    }

    private static void assertTrained(Path before, Path after, String as) throws IOException {
        assertThat(Files.mismatch(before, after)).as("%s: weights changed", as).isNotNegative();
        try (Safetensors weights = Safetensors.open(after)) {
            for (String name : weights.names()) {
                assertThat(name.endsWith("num_batches_tracked")
                                || isFinite(weights.tensor(name).floats()))
                        .as("%s: %s is finite", as, name)
                        .isTrue();
            }
        }
    }

    private static boolean isFinite(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += Math.abs(value);
        }
        return Double.isFinite(sum);
    }

    /// The specification's defaults except for two epochs and a short latent vector.
    private static TrainSpec spec(String preset, int side, int batchSize) {
        boolean encodes = preset.endsWith("autoencoder");
        try {
            RunSpec run = RunSpec.parse((ObjectNode) EventCodec.json().readTree("""
                {"dataset": "shades", "uri": "file:///shades", "image": {"side": %d},
                 "%s": {"preset": "%s", "epochs": 2, "batchSize": %d%s}}\
                """.formatted(
                            side,
                            encodes ? "autoencoder" : "classifier",
                            preset,
                            batchSize,
                            encodes ? ", \"latent\": 8" : "")));
            return encodes ? run.autoencoder() : run.classifier();
        } catch (IOException | InvalidSpecException e) {
            throw new AssertionError(e);
        }
    }

    private static TrainableNetwork network(TrainSpec spec, int side) {
        return Networks.of(spec, side, 2, null);
    }

    private PixelRows images(int side) {
        ArtifactStore store = new FileStore(folder.resolve("store" + side));
        return new PixelRows(store, draw(store, side));
    }

    /// @param rows rows to train on; images repeat as needed
    private static TrainingData data(PixelRows images, int side, int rows) {
        long[] image = LongStream.range(0, rows).map(row -> row % TRAIN).toArray();
        long[] label = LongStream.of(image).map(row -> row % 2).toArray();
        long[] test = LongStream.range(TRAIN, IMAGES).toArray();
        return new TrainingData(
                images,
                side,
                2,
                new TrainingRows(image, image, new double[rows], label),
                new TrainingRows(new long[0], new long[0], new double[0], new long[0]),
                new TrainingRows(test, test, new double[test.length], new long[test.length]),
                NO_SHIFT);
    }

    private Path written(NetworkTraining training, String name) throws IOException {
        return Files.write(folder.resolve(name), weights(training));
    }

    private static void save(NetworkTraining training, Path file) {
        SafetensorsWriter state = new SafetensorsWriter();
        training.write(state);
        try {
            state.writeTo(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
