package io.peregrine.trainer.run;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.TrainingOptions;
import io.peregrine.random.Mt19937;
import io.peregrine.vision.nn.SeedCnn;
import io.peregrine.vision.nn.TrainableNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Two classes of drawn images, one dark and one light, with blends within each class, and helpers that compare
/// trainings.
abstract class DrawnImages {
    static final int SIDE = 16;
    static final int IMAGES = 22;
    static final int TRAIN = 18;
    static final PriorCorrection NO_SHIFT = new PriorCorrection(new double[] {1, 1});

    @TempDir
    Path folder;

    PixelRows pixels;
    TrainingData material;

    @BeforeEach
    void drawImages() {
        ArtifactStore store = new FileStore(folder.resolve("store"));
        Manifest manifest = draw(store, SIDE);
        pixels = new PixelRows(store, manifest);
        int synthetic = 5;
        TrainingRows real = TrainingRows.ofSplit(manifest, Split.TRAIN);
        TrainingRows all = first(real, TRAIN + synthetic);
        for (int i = TRAIN; i < all.count(); i++) {
            all.base()[i] = i - TRAIN;
            all.neighbour()[i] = i - TRAIN + 2;
            all.gap()[i] = 0.1 * (i - TRAIN + 1);
            all.label()[i] = (i - TRAIN) % 2;
        }
        material = new TrainingData(
                pixels,
                SIDE,
                2,
                all,
                TrainingRows.ofSplit(manifest, Split.VALIDATION),
                TrainingRows.ofSplit(manifest, Split.TEST),
                NO_SHIFT);
    }

    /// Draws dark and light images in turn; the last four are the test split.
    static Manifest draw(ArtifactStore store, int side) {
        Mt19937 random = new Mt19937(1);
        List<byte[]> images = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        for (int row = 0; row < IMAGES; row++) {
            byte[] image = new byte[3 * side * side];
            for (int i = 0; i < image.length; i++) {
                image[i] = (byte) (random.below(100) + (row % 2 == 0 ? 0 : 150));
            }
            images.add(image);
            entries.add(new Entry(row % 2, row < TRAIN ? Split.TRAIN : Split.TEST, 0, row, row + ".png", "", null));
        }
        return new Manifest(
                side,
                List.of("dark", "light"),
                List.of(PixelPack.publish(store.unreferenced(), Map.of(), side, images)),
                entries);
    }

    /// @return copies of the first rows; zeros beyond the last
    static TrainingRows first(TrainingRows rows, int count) {
        return new TrainingRows(
                Arrays.copyOf(rows.base(), count),
                Arrays.copyOf(rows.neighbour(), count),
                Arrays.copyOf(rows.gap(), count),
                Arrays.copyOf(rows.label(), count));
    }

    @AfterEach
    void closeImages() {
        pixels.close();
    }

    static TrainSpec classifier(double rate) {
        return new TrainSpec("seed-cnn", 0, 3, 5, rate, 42, 0.1);
    }

    static TrainSpec residual(TrainingOptions options) {
        return new TrainSpec("resnet", 0, 3, 5, 0.002, 42, 0.1, options);
    }

    static TrainableNetwork cnn() {
        return new SeedCnn(SIDE, 2, 0.1);
    }

    byte[] uninterrupted(TrainableNetwork network, TrainSpec spec) throws IOException {
        try (NetworkTraining training = new NetworkTraining(network, spec, material)) {
            while (!training.isOver()) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
            return weights(training);
        }
    }

    byte[] weights(NetworkTraining training) throws IOException {
        SafetensorsWriter weights = new SafetensorsWriter();
        training.writeWeights(weights);
        Path file = folder.resolve("weights.safetensors");
        weights.writeTo(file);
        return Files.readAllBytes(file);
    }

    /// Thrown to interrupt a training.
    @SuppressWarnings("serial")
    static final class Stopped extends RuntimeException {}
}
