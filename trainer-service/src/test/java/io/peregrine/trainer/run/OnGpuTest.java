package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.RunSpec.Augment;
import io.peregrine.events.RunSpec.Schedule;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.RunSpec.TrainingOptions;
import io.peregrine.vision.TorchEngine;
import io.peregrine.vision.TrainableNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Small trainings on a GPU that end in the middle and are gone on with, there or on the processor. Skipped where
/// the engine has none.
class OnGpuTest extends DrawnImages {
    /// How far a tensor's values may lie apart at the end, of the largest of them: a GPU adds up in another order
    /// each time. On an NVIDIA H100 they lay 0.003 apart at most.
    private static final double APART = 2e-2;

    @BeforeAll
    static void thereIsOne() {
        assumeTrue(TorchEngine.gpus() > 0, "the engine has no GPU");
    }

    private static TrainSpec spec(String preset, String device) {
        TrainingOptions regimen = new TrainingOptions(Schedule.COSINE, 0.2, 0.05, 0.5, 0, Augment.STANDARD, 0);
        return new TrainSpec(preset, 6, 3, 5, 0.001, 42, 0.1, regimen, device, null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"seed-cnn", "seed-autoencoder", "resnet", "resnet-autoencoder"})
    void aTrainingThatGoesOnThereEndsCloseToOneThatWasLeftAlone(String preset, TestReporter reporter)
            throws IOException {
        Path resumed = folder.resolve("resumed.safetensors");
        assertThat(begunAndGoneOnWith(preset, "gpu:0", "gpu:0", resumed)).isEmpty();
        Path alone = folder.resolve("alone.safetensors");
        try (NetworkTraining training = new NetworkTraining(network(preset), spec(preset, "gpu:0"), material)) {
            assertThat(training.device()).isEqualTo("gpu0");
            finish(training, alone);
        }
        double apart = apart(resumed, alone);
        reporter.publishEntry(Map.of("apart", "%.1e".formatted(apart)));
        assertThat(apart).isLessThanOrEqualTo(APART);
    }

    /// It draws another dropout there, so it ends elsewhere.
    @ParameterizedTest
    @CsvSource({"gpu:0, cpu", "cpu, gpu:0"})
    void aTrainingThatGoesOnElsewhereSaysSo(String from, String to) throws IOException {
        assertThat(begunAndGoneOnWith("resnet", from, to, folder.resolve("resumed.safetensors")))
                .hasValueSatisfying(how -> assertThat(how)
                        .contains(", " + from.replace(":", "") + " and goes on with")
                        .contains(", " + to.replace(":", "") + ": "));
    }

    private static TrainableNetwork network(String preset) {
        return Networks.of(spec(preset, "cpu"), SIDE, 2, null);
    }

    /// @return what the training says of having moved
    private Optional<String> begunAndGoneOnWith(String preset, String from, String to, Path weights)
            throws IOException {
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
