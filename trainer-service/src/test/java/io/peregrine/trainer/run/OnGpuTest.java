package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.events.spec.RunSpec.Schedule;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.TrainingOptions;
import io.peregrine.vision.engine.TorchEngine;
import io.peregrine.vision.nn.TrainableNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Small trainings on a GPU that are interrupted and resumed, on the GPU or on the CPU. Skipped if the engine has
/// no GPU.
class OnGpuTest extends DrawnImages {
    /// Maximum final difference of a tensor's values, relative to the largest of them: a GPU sums in another
    /// order each time. On an NVIDIA H100 the difference was at most 0.003.
    private static final double MAX_DIFFERENCE = 2e-2;

    @BeforeAll
    static void requireGpu() {
        assumeTrue(TorchEngine.gpus() > 0, "the engine has no GPU");
    }

    private static TrainSpec spec(String preset, String device) {
        TrainingOptions options =
                new TrainingOptions(Schedule.COSINE, 0.2, 0.05, 0.5, 0, AugmentationPolicy.STANDARD, 0);
        return new TrainSpec(preset, 6, 3, 5, 0.001, 42, 0.1, options, device, null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"seed-cnn", "seed-autoencoder", "resnet", "resnet-autoencoder"})
    void resumedOnGpuEndsCloseToAnUninterruptedTraining(String preset, TestReporter reporter) throws IOException {
        Path resumed = folder.resolve("resumed.safetensors");
        assertThat(trainAndResume(preset, "gpu:0", "gpu:0", resumed)).isEmpty();
        Path alone = folder.resolve("alone.safetensors");
        try (NetworkTraining training = new NetworkTraining(network(preset), spec(preset, "gpu:0"), material)) {
            assertThat(training.device()).isEqualTo("gpu0");
            finish(training, alone);
        }
        double apart = apart(resumed, alone);
        reporter.publishEntry(Map.of("apart", "%.1e".formatted(apart)));
        assertThat(apart).isLessThanOrEqualTo(MAX_DIFFERENCE);
    }

    /// Dropout differs on the other device, so the result differs.
    @ParameterizedTest
    @CsvSource({"gpu:0, cpu", "cpu, gpu:0"})
    void resumeOnAnotherDeviceIsReported(String from, String to) throws IOException {
        assertThat(trainAndResume("resnet", from, to, folder.resolve("resumed.safetensors")))
                .hasValueSatisfying(how -> assertThat(how)
                        .contains(", " + from.replace(":", "") + " and continues with")
                        .contains(", " + to.replace(":", "") + ": "));
    }

    private static TrainableNetwork network(String preset) {
        return Networks.of(spec(preset, "cpu"), SIDE, 2, null);
    }

    /// @return the training's report of its change of environment
    private Optional<String> trainAndResume(String preset, String from, String to, Path weights) throws IOException {
        Path state = folder.resolve("state.safetensors");
        try (NetworkTraining training = new NetworkTraining(network(preset), spec(preset, from), material)) {
            training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            SafetensorsWriter tensors = new SafetensorsWriter();
            training.write(tensors);
            tensors.writeTo(state);
        }
        try (Safetensors saved = Safetensors.open(state);
                NetworkTraining training = new NetworkTraining(network(preset), spec(preset, to), material, saved)) {
            finish(training, weights);
            return training.environmentChange();
        }
    }

    private static void finish(NetworkTraining training, Path weights) throws IOException {
        while (!training.isOver()) {
            training.epoch((position, batches, rows, seconds) -> {}, () -> {});
        }
        SafetensorsWriter tensors = new SafetensorsWriter();
        training.writeWeights(tensors);
        tensors.writeTo(weights);
    }

    private static double apart(Path one, Path other) throws IOException {
        double worst = 0;
        try (Safetensors ours = Safetensors.open(one);
                Safetensors theirs = Safetensors.open(other)) {
            for (String name : ours.names()) {
                if (name.endsWith("num_batches_tracked")) {
                    continue;
                }
                float[] a = ours.tensor(name).floats();
                float[] b = theirs.tensor(name).floats();
                double scale = 0;
                double most = 0;
                for (int i = 0; i < a.length; i++) {
                    scale = Math.max(scale, Math.abs(b[i]));
                    most = Math.max(most, Math.abs(a[i] - b[i]));
                }
                worst = Math.max(worst, scale == 0 ? most : most / scale);
            }
        }
        return worst;
    }
}
