package io.peregrine.vision.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.vision.optim.Adam;
import io.peregrine.vision.optim.Training;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Compares with PyTorch: `bench/python/make_autoencoder_vectors.py` created `resnet-autoencoder.safetensors`
/// with docs/networks.py.
class ResNetAutoencoderTest {
    private static final int SIDE = 24;
    private static final int ROWS = 16;
    private static final int BATCH = 8;
    private static final double RATE = 0.001;

    private static Batch batch(Safetensors vectors, int from, int rows) {
        MemorySegment images = vectors.tensor("images").data();
        long bytes = 3L * SIDE * SIDE;
        Batch batch = new Batch(rows, SIDE);
        for (int row = 0; row < rows; row++) {
            batch.fill(row, images.asSlice((from + row) * bytes, bytes));
        }
        batch.count(rows);
        return batch;
    }

    @Test
    void trainsAsInPyTorch() throws URISyntaxException {
        ResNetAutoencoder network = new ResNetAutoencoder(SIDE, 5, 4, 6);
        try (Safetensors vectors = Safetensors.open(Path.of(getClass()
                        .getResource("/resnet-autoencoder.safetensors")
                        .toURI()));
                NetworkState state = NetworkState.read(network, vectors, "before.");
                Adam adam = new Adam(network, RATE);
                Batch all = batch(vectors, 0, ROWS)) {
            Training training = new Training(state, adam);
            close(training.output(all), vectors, "images_before", 1e-5);
            double[] losses = vectors.tensor("losses").doubles();
            for (int step = 0; step < losses.length; step++) {
                try (Batch batch = batch(vectors, step % 2 * BATCH, BATCH)) {
                    assertThat(training.step(batch, step).loss() / losses[step])
                            .as("loss of step %d", step)
                            .isBetween(1 - 1e-4, 1 + 1e-4);
                }
            }
            for (Parameter parameter : network.parameters()) {
                String name = parameter.name();
                close(state.tensors().get(name).toFloatArray(), vectors, "after." + name, 1e-3);
            }
            close(training.output(all), vectors, "images_after", 1e-3);
        }
    }

    private static void close(float[] ours, Safetensors vectors, String what, double tolerance) {
        float[] theirs = vectors.tensor(what).floats();
        assertThat(ours).as(what).hasSameSizeAs(theirs);
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < ours.length; i++) {
            scale = Math.max(scale, Math.abs(theirs[i]));
            worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
        }
        assertThat(worst / scale)
                .as("%s, relative to its scale %s", what, scale)
                .isLessThanOrEqualTo(tolerance);
    }

    @Test
    void encoderOfItsCheckpointGivesTheNetworksLatents(@TempDir Path folder) throws Exception {
        Path checkpoint = folder.resolve("checkpoint.safetensors");
        ResNetAutoencoder network = new ResNetAutoencoder(SIDE, 5, 4, 6);
        try (Safetensors vectors = Safetensors.open(Path.of(getClass()
                        .getResource("/resnet-autoencoder.safetensors")
                        .toURI()));
                NetworkState state = NetworkState.read(network, vectors, "before.")) {
            SafetensorsWriter file = new SafetensorsWriter().metadata("preset", ResNetAutoencoder.PRESET);
            state.write(file, "");
            file.writeTo(checkpoint);
            MemorySegment images = vectors.tensor("images").data();
            try (Safetensors weights = Safetensors.open(checkpoint);
                    Encoder encoder = new Encoder(weights)) {
                assertThat(encoder.latent()).isEqualTo(5);
                close(encoder.encode(images, ROWS, SIDE), vectors, "latents_before", 1e-5);
                float[] first = Reconstruction.of(weights, images.asSlice(0, 3L * SIDE * SIDE), SIDE);
                float[] theirs = vectors.tensor("images_before").floats();
                for (int i = 0; i < first.length; i++) {
                    assertThat(first[i]).isCloseTo(theirs[i], org.assertj.core.data.Offset.offset(0.01f));
                }
            }
        }
    }

    /// An image that is bright in its middle and changes from red to blue, and its reconstruction before any
    /// training.
    @Test
    void untrainedNetworkReconstructsLowFrequencies() {
        int side = 64;
        try (NetworkState state = NetworkState.fresh(new ResNetAutoencoder(side, 60), 3);
                Batch batch = new Batch(1, side)) {
            MemorySegment image = batch.row(0);
            for (int channel = 0; channel < 3; channel++) {
                for (int y = 0; y < side; y++) {
                    for (int x = 0; x < side; x++) {
                        double light = 128 + 90 * Math.sin(Math.PI * y / side) * Math.sin(Math.PI * x / side);
                        double colour = (channel - 1) * 40 * Math.cos(Math.PI * x / side);
                        image.setAtIndex(
                                ValueLayout.JAVA_FLOAT, (channel * side + y) * side + x, (float) (light + colour));
                    }
                }
            }
            batch.count(1);
            float[] drawn = state.output(batch);
            double error = 0;
            for (int i = 0; i < drawn.length; i++) {
                double difference = drawn[i] - image.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                error += difference * difference / drawn.length;
            }
            assertThat(Math.sqrt(error)).as("root mean square error, in levels").isLessThan(8);
        }
    }

    @Test
    void supportsSidesDivisibleByEightAndMoreLatentsThanWaves() throws IOException {
        for (int side : new int[] {8, 24, 104}) {
            ResNetAutoencoder network = new ResNetAutoencoder(side, 300);
            try (NetworkState state = NetworkState.fresh(network, 1);
                    Adam adam = new Adam(network, RATE);
                    Batch batch = new Batch(2, side)) {
                batch.count(2);
                Training training = new Training(state, adam);
                assertThat(training.step(batch, 1).loss()).isFinite();
                assertThat(training.output(batch)).hasSize(2 * 3 * side * side);
            }
        }
    }
}
