package io.peregrine.vision.optim;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.random.Mt19937;
import io.peregrine.vision.engine.FloatKernels;
import io.peregrine.vision.nn.Batch;
import io.peregrine.vision.nn.NetworkState;
import io.peregrine.vision.nn.Parameter;
import io.peregrine.vision.nn.ResNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Compares the device's optimizer, on the CPU, with the CPU's own.
class FusedAdamTest {
    private static final double RATE = 0.01;
    private static final double DECAY = 0.5;
    private static final double LONGEST = 3;
    private static final int SIDE = 16;

    @TempDir
    Path folder;

    private static ResNet network() {
        return new ResNet(new int[] {4, 8, 16}, 3, 0, null, 0);
    }

    /// Gradients of all magnitudes, the same for both optimizers.
    private static Map<String, NDArray> gradients(NetworkState state, int step) {
        Mt19937 random = new Mt19937(step);
        Map<String, NDArray> gradients = new LinkedHashMap<>();
        for (Parameter parameter : state.network().parameters()) {
            if (parameter.isLearned()) {
                float[] values = new float[parameter.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) ((2 * random.uniform() - 1) * Math.pow(10, 2 - random.below(7)));
                }
                gradients.put(parameter.name(), state.manager().create(values, new Shape(parameter.shape())));
            }
        }
        return gradients;
    }

    private static void step(NetworkState state, Optimizer optimizer, int step) {
        Map<String, NDArray> gradients = gradients(state, step);
        double squares = 0;
        for (NDArray gradient : gradients.values()) {
            for (float value : gradient.toFloatArray()) {
                squares += (double) value * value;
            }
        }
        assertThat(Math.sqrt(squares)).as("the gradients need clipping").isGreaterThan(LONGEST);
        optimizer.step(state.tensors(), gradients, 1 / (1 + 0.1 * step), LONGEST);
        gradients.values().forEach(NDArray::close);
    }

    /// @return the largest difference, relative to the second's largest value
    static double apart(float[] ours, float[] theirs) {
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < ours.length; i++) {
            scale = Math.max(scale, Math.abs(theirs[i]));
            worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
        }
        return scale == 0 ? worst : worst / scale;
    }

    @Test
    void updatesWeightsAsTheCpuOptimizerDoes() {
        ResNet network = network();
        try (NetworkState start = NetworkState.fresh(network, 1);
                NetworkState here = NetworkState.fresh(network, 1);
                NetworkState there = NetworkState.fresh(network, 1);
                Adam adam = new Adam(network, RATE, DECAY);
                FusedAdam device = new FusedAdam(there, RATE, DECAY)) {
            for (int step = 0; step < 50; step++) {
                step(here, adam, step);
                step(there, device, step);
            }
            for (Parameter parameter : network.parameters()) {
                String name = parameter.name();
                float[] moved = here.tensors().get(name).toFloatArray();
                assertThat(apart(there.tensors().get(name).toFloatArray(), moved))
                        .as(name)
                        .isLessThanOrEqualTo(1e-6);
                if (parameter.isLearned()) {
                    assertThat(apart(start.tensors().get(name).toFloatArray(), moved))
                            .as("%s has changed", name)
                            .isGreaterThan(1e-2);
                }
            }
        }
    }

    @Test
    void trainingHasTheSameLossesAsWithTheCpuOptimizer() {
        ResNet network = network();
        try (NetworkState here = NetworkState.fresh(network, 1);
                NetworkState there = NetworkState.fresh(network, 1).moved(Device.cpu());
                Adam adam = new Adam(network, 0.004, 0.05);
                FusedAdam device = new FusedAdam(there, 0.004, 0.05);
                Batch batch = batch(SIDE)) {
            List<Double> ours = losses(new Training(here, adam, 0.5), batch);
            List<Double> theirs = losses(new Training(there, device, 0.5), batch);
            assertThat(theirs.getLast()).isLessThan(0.75 * theirs.getFirst());
            for (int step = 0; step < ours.size(); step++) {
                assertThat(Math.abs(theirs.get(step) - ours.get(step)) / ours.getFirst())
                        .as("step %d: %s, %s", step, ours.get(step), theirs.get(step))
                        .isLessThan(1e-3);
            }
        }
    }

    static List<Double> losses(Training training, Batch batch) {
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < 20; step++) {
            losses.add(training.step(batch, step, Math.min(1, 0.2 * (step + 1))).loss());
        }
        return losses;
    }

    /// Nine noisy images in three classes by brightness.
    static Batch batch(int side) {
        Batch batch = new Batch(9, side);
        Mt19937 random = new Mt19937(3);
        for (int row = 0; row < 9; row++) {
            for (int i = 0; i < 3 * side * side; i++) {
                batch.row(row).setAtIndex(FloatKernels.LAYOUT, i, random.below(80) + 80 * (row % 3));
            }
            batch.label(row, row % 3);
        }
        batch.count(9);
        return batch;
    }

    @Test
    void eachOptimizerResumesFromTheOthersState() throws IOException {
        ResNet network = network();
        try (NetworkState state = NetworkState.fresh(network, 1);
                Adam adam = new Adam(network, RATE, DECAY);
                Adam again = new Adam(network, RATE, DECAY);
                FusedAdam device = new FusedAdam(state, RATE, DECAY)) {
            step(state, adam, 1);
            step(state, adam, 2);
            byte[] written = written(adam);
            assertThat(written(device)).isNotEqualTo(written);
            read(device, written);
            assertThat(written(device)).isEqualTo(written);
            step(state, device, 3);
            byte[] later = written(device);
            assertThat(later).isNotEqualTo(written);
            read(again, later);
            assertThat(written(again)).isEqualTo(later);
        }
    }

    private byte[] written(Optimizer optimizer) throws IOException {
        Path file = folder.resolve("written.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        optimizer.write(writer);
        writer.writeTo(file);
        return Files.readAllBytes(file);
    }

    private void read(Optimizer optimizer, byte[] written) throws IOException {
        Path file = Files.write(folder.resolve("read.safetensors"), written);
        try (Safetensors saved = Safetensors.open(file)) {
            optimizer.read(saved);
        }
    }

    @Test
    void cpuOptimizerIsUsedForTensorsInCpuMemory() {
        try (NetworkState state = NetworkState.fresh(network(), 1).on("cpu");
                Optimizer optimizer = Optimizer.of(state, RATE, DECAY)) {
            assertThat(state.device()).isEqualTo("cpu");
            assertThat(optimizer).isInstanceOf(Adam.class);
        }
    }
}
