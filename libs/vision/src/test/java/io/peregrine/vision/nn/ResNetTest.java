package io.peregrine.vision.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.vision.optim.Adam;
import io.peregrine.vision.optim.Training;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/// Compares with PyTorch: `bench/python/make_resnet_vectors.py` created the files with docs/networks.py.
class ResNetTest {
    private static final int[] CHANNELS = {4, 8, 16};
    private static final float[] WEIGHTS = {0.5f, 1, 2, 1.5f, 0.25f};
    private static final int SIDE = 32;
    private static final int BATCH = 8;
    private static final double RATE = 0.002;
    private static final double DECAY = 0.5;
    private static final double NORM = 0.5;

    private static Safetensors vectors() throws URISyntaxException {
        return resource("/resnet.safetensors");
    }

    private static Safetensors resource(String name) throws URISyntaxException {
        return Safetensors.open(Path.of(ResNetTest.class.getResource(name).toURI()));
    }

    private static Batch batch(Safetensors vectors, int from, int rows) {
        MemorySegment images = vectors.tensor("images").data();
        long[] labels = vectors.tensor("labels").longs();
        long bytes = 3L * SIDE * SIDE;
        Batch batch = new Batch(rows, SIDE);
        for (int row = 0; row < rows; row++) {
            batch.fill(row, images.asSlice((from + row) * bytes, bytes));
            batch.label(row, labels[from + row]);
        }
        batch.count(rows);
        return batch;
    }

    private static void close(float[] ours, float[] theirs, double tolerance, String what) {
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
    void trainsAsInPyTorchWithAdamWClippingAndSmoothedWeightedLoss() throws URISyntaxException, IOException {
        ResNet network = new ResNet(CHANNELS, WEIGHTS.length, 0, WEIGHTS, 0.1);
        try (Safetensors vectors = vectors();
                NetworkState state = NetworkState.read(network, vectors, "before.");
                Adam adam = new Adam(network, RATE, DECAY);
                Batch all = batch(vectors, 0, 16)) {
            Training training = new Training(state, adam, NORM);
            close(training.output(all), vectors.tensor("output_before").floats(), 1e-5, "output before");
            double[] losses = vectors.tensor("losses").doubles();
            double[] norms = vectors.tensor("norms").doubles();
            assertThat(DoubleStream.of(norms))
                    .as("every step clips its gradients")
                    .allMatch(norm -> norm > NORM);
            for (int step = 0; step < losses.length; step++) {
                try (Batch batch = batch(vectors, step % 2 * BATCH, BATCH)) {
                    double loss = training.step(batch, step).loss();
                    assertThat(Math.abs(loss - losses[step]) / losses[step])
                            .as("loss of step %d: %s, PyTorch's %s", step, loss, losses[step])
                            .isLessThan(step == 0 || hasTheVectorsKernels() ? 1e-4 : 2e-2);
                }
            }
            assumeTrue(
                    hasTheVectorsKernels(),
                    "weights after several steps are compared only with AVX-512, with which the vectors were created");
            for (Parameter parameter : network.parameters()) {
                String name = parameter.name();
                float[] ours = state.tensors().get(name).toFloatArray();
                close(ours, vectors.tensor("after." + name).floats(), 1e-3, name);
            }
            close(training.output(all), vectors.tensor("output_after").floats(), 1e-3, "output after");
        }
    }

    /// Adam divides a gradient by its own size. If a gradient is zero except for rounding, rounding alone decides
    /// the direction of the step. The vectors were created with the AVX-512 kernels; others round differently.
    private static boolean hasTheVectorsKernels() throws IOException {
        return Files.readString(Path.of("/proc/cpuinfo")).contains(" avx512f");
    }

    /// The opposite direction: a file from `safetensors.torch.save_file(network.state_dict(), …)`, as a user
    /// would write it.
    @Test
    void stateDictSavedByPyTorchGivesTheSameOutput() throws URISyntaxException {
        ResNet network = new ResNet(CHANNELS, WEIGHTS.length, 0, WEIGHTS, 0.1);
        try (Safetensors vectors = vectors();
                Safetensors saved = resource("/resnet-state-dict.safetensors");
                NetworkState state = NetworkState.given(network, saved);
                Batch all = batch(vectors, 0, 16)) {
            assertThat(saved.names()).contains("bn1.num_batches_tracked");
            close(state.output(all), vectors.tensor("output_before").floats(), 1e-5, "output");
        }
    }

    @Test
    void supportsAllSidesFromEight() {
        ResNet network = new ResNet(3, 0.1, null, 0);
        for (int side : new int[] {8, 16, 24, 104}) {
            try (NetworkState state = NetworkState.fresh(network, 1);
                    Adam adam = new Adam(network, RATE);
                    Batch batch = new Batch(2, side)) {
                batch.label(1, 2);
                for (int rows = 1; rows <= 2; rows++) {
                    batch.count(rows);
                    assertThat(new Training(state, adam).step(batch, 1).loss())
                            .as("side %d, %d rows", side, rows)
                            .isFinite();
                }
            }
        }
    }

    /// The last batch of an epoch may have one row.
    @Test
    void trainsOnABatchOfOneRow() {
        ResNet network = new ResNet(3, 0.1, null, 0);
        try (NetworkState state = NetworkState.fresh(network, 1);
                Adam adam = new Adam(network, RATE);
                Batch batch = new Batch(2, SIDE)) {
            batch.count(1);
            float[] before = state.tensors().get("fc.bias").toFloatArray();
            assertThat(new Training(state, adam).step(batch, 1).loss()).isFinite();
            assertThat(state.tensors().get("fc.bias").toFloatArray()).isNotEqualTo(before);
        }
    }

    /// At side 8 the last two stages have one value per channel.
    @Test
    void batchOfOneRowUpdatesRunningStatisticsOnlyWhereThereIsAVariance() {
        ResNet network = new ResNet(3, 0.1, null, 0);
        try (NetworkState state = NetworkState.fresh(network, 1);
                Adam adam = new Adam(network, RATE);
                Batch batch = new Batch(1, 8)) {
            batch.count(1);
            new Training(state, adam).step(batch, 1);
            List<String> updated = network.parameters().stream()
                    .filter(parameter -> parameter.start() == Parameter.Start.RUNNING_VARIANCE)
                    .map(Parameter::name)
                    .filter(name -> state.tensors().get(name).neq(1).any().getBoolean())
                    .toList();
            assertThat(updated)
                    .containsExactly(
                            "bn1.running_var",
                            "layer1.0.bn1.running_var",
                            "layer1.0.bn2.running_var",
                            "layer1.1.bn1.running_var",
                            "layer1.1.bn2.running_var");
        }
    }

    @Test
    void untrainedBlocksAreTheIdentity() {
        assertThat(new ResNet(3, 0.1, null, 0).parameters())
                .filteredOn(parameter -> parameter.name().endsWith("bn2.weight"))
                .hasSize(6)
                .allMatch(parameter -> parameter.start() == Parameter.Start.ZEROS);
    }
}
