package io.peregrine.vision.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import io.peregrine.vision.engine.EngineProduct;
import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.TorchEngine;
import io.peregrine.vision.nn.Batch;
import io.peregrine.vision.nn.NetworkState;
import io.peregrine.vision.nn.ResNet;
import io.peregrine.vision.nn.ResNetAutoencoder;
import io.peregrine.vision.nn.SeedAutoencoder;
import io.peregrine.vision.nn.SeedCnn;
import io.peregrine.vision.nn.TrainableNetwork;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Compares results on a GPU with those on the CPU. Skipped if the engine has no GPU.
class OnGpuTest {
    /// Relative to the largest value. On a GPU PyTorch rounds the operands of a convolution to 10 bits (TF32)
    /// unless that is disabled.
    private static final double OUTPUT = 1e-2;

    private static final double LOSS = 5e-2;
    private static final int SIDE = 32;

    @BeforeAll
    static void requireGpu() {
        assumeTrue(TorchEngine.gpus() > 0, "the engine has no GPU");
    }

    private static TrainableNetwork network(String preset) {
        return switch (preset) {
            case "seed-cnn" -> new SeedCnn(SIDE, 3, 0);
            case "resnet" -> new ResNet(3, 0, null, 0);
            case "seed-autoencoder" -> new SeedAutoencoder(SIDE, 8);
            default -> new ResNetAutoencoder(SIDE, 8);
        };
    }

    @Test
    void autoSelectsTheGpu() {
        assertThat(TorchEngine.device("auto")).isEqualTo(Device.gpu(0));
        assertThat(TorchEngine.device("gpu:0")).isEqualTo(Device.gpu(0));
        try (NetworkState state = NetworkState.fresh(network("resnet"), 1).on("auto");
                Optimizer optimizer = Optimizer.of(state, 0.01, 0)) {
            assertThat(state.device()).isEqualTo("gpu0");
            assertThat(optimizer).isInstanceOf(FusedAdam.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"seed-cnn", "resnet", "seed-autoencoder", "resnet-autoencoder"})
    void networkGivesTheSameOutput(String preset, TestReporter reporter) {
        TrainableNetwork network = network(preset);
        try (NetworkState here = NetworkState.fresh(network, 1);
                NetworkState there = NetworkState.fresh(network, 1).on("gpu:0");
                Batch batch = FusedAdamTest.batch(SIDE)) {
            double apart = FusedAdamTest.apart(there.output(batch), here.output(batch));
            reporter.publishEntry(Map.of("of the largest output", "%.1e".formatted(apart)));
            assertThat(apart).isLessThanOrEqualTo(OUTPUT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"seed-cnn", "resnet", "seed-autoencoder", "resnet-autoencoder"})
    void trainingHasTheSameLosses(String preset, TestReporter reporter) {
        TrainableNetwork network = network(preset);
        double rate = network.classifies() ? 0.004 : 0.001;
        try (NetworkState here = NetworkState.fresh(network, 1);
                NetworkState there = NetworkState.fresh(network, 1).on("gpu:0");
                Optimizer adam = Optimizer.of(here, rate, 0.05);
                Optimizer device = Optimizer.of(there, rate, 0.05);
                Batch batch = FusedAdamTest.batch(SIDE)) {
            List<Double> ours = FusedAdamTest.losses(new Training(here, adam, 0.5), batch);
            List<Double> theirs = FusedAdamTest.losses(new Training(there, device, 0.5), batch);
            assertThat(theirs.getLast()).isLessThan(0.9 * theirs.getFirst());
            double worst = 0;
            for (int step = 0; step < ours.size(); step++) {
                worst = Math.max(worst, Math.abs(theirs.get(step) - ours.get(step)) / ours.getFirst());
            }
            reporter.publishEntry(Map.of("of the first loss", "%.1e".formatted(worst)));
            assertThat(worst).as("%s, %s", ours, theirs).isLessThan(LOSS);
        }
    }

    /// The probe checks sums that need all 24 bits.
    @Test
    void productsForBalancingAreExact() {
        try (MatrixProduct product = new EngineProduct(Device.gpu(0))) {
            assertThat(product.isStaged()).isTrue();
        }
    }
}
