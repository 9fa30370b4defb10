package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.events.spec.RunSpec.Schedule;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.TrainingOptions;
import io.peregrine.vision.engine.TorchEngine;
import io.peregrine.vision.nn.ResNet;
import io.peregrine.vision.nn.ResNetAutoencoder;
import io.peregrine.vision.nn.SeedAutoencoder;
import io.peregrine.vision.nn.TrainableNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Small trainings that are interrupted and resumed end in the same bytes as uninterrupted ones.
class ResumedTrainingTest extends DrawnImages {
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 6, 9, 14})
    void killedAndResumedTrainingEndsInTheSameBytes(int killedAfter) throws IOException {
        assertThat(interrupted(cnn(), classifier(0.01), killedAfter)).isEqualTo(uninterrupted(cnn(), classifier(0.01)));
    }

    @Test
    void resumedAutoencoderEndsInTheSameBytes() throws IOException {
        TrainSpec spec = new TrainSpec("seed-autoencoder", 6, 2, 5, 0.001, 7, 0);
        assertThat(interrupted(new SeedAutoencoder(SIDE, 6), spec, 7))
                .isEqualTo(uninterrupted(new SeedAutoencoder(SIDE, 6), spec));
    }

    @Test
    void resumedResidualAutoencoderEndsInTheSameBytes() throws IOException {
        TrainSpec spec = new TrainSpec("resnet-autoencoder", 6, 2, 5, 0.001, 7, 0);
        assertThat(interrupted(new ResNetAutoencoder(SIDE, 6), spec, 7))
                .isEqualTo(uninterrupted(new ResNetAutoencoder(SIDE, 6), spec));
    }

    /// Uses everything that a resume could lose: schedule, augmentation, label smoothing, weight decay, gradient
    /// clipping.
    @ParameterizedTest
    @ValueSource(ints = {1, 6, 14})
    void resumedResidualNetworkWithAllOptionsEndsInTheSameBytes(int killedAfter) throws IOException {
        TrainSpec spec =
                residual(new TrainingOptions(Schedule.COSINE, 0.2, 0.05, 0.5, 0.1, AugmentationPolicy.STANDARD, 0));
        ResNet network = new ResNet(2, 0.1, null, 0.1);
        byte[] uninterrupted = uninterrupted(network, spec);
        assertThat(interrupted(network, spec, killedAfter)).isEqualTo(uninterrupted);
        for (TrainingOptions other : List.of(
                new TrainingOptions(Schedule.CONSTANT, 0.2, 0.05, 0.5, 0.1, AugmentationPolicy.STANDARD, 0),
                new TrainingOptions(Schedule.COSINE, 0, 0.05, 0.5, 0.1, AugmentationPolicy.STANDARD, 0),
                new TrainingOptions(Schedule.COSINE, 0.2, 0, 0.5, 0.1, AugmentationPolicy.STANDARD, 0),
                new TrainingOptions(Schedule.COSINE, 0.2, 0.05, 0, 0.1, AugmentationPolicy.STANDARD, 0),
                new TrainingOptions(Schedule.COSINE, 0.2, 0.05, 0.5, 0.1, AugmentationPolicy.FLIP, 0))) {
            assertThat(uninterrupted(network, residual(other)))
                    .as("%s has an effect", other)
                    .isNotEqualTo(uninterrupted);
        }
    }

    @Test
    void trainingStoppedInItsLastMeasurementRepeatsNoStep() throws IOException {
        Path file = folder.resolve("all-learnt.safetensors");
        EpochResult uninterrupted = null;
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            while (!training.isOver()) {
                uninterrupted = training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
        }
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            assertThatThrownBy(() -> {
                        while (!training.isOver()) {
                            // Only the test split is measured here.
                            training.epoch((position, batches, rows, seconds) -> {}, () -> {
                                throw new Stopped();
                            });
                        }
                    })
                    .isInstanceOf(Stopped.class);
            assertThat(training.position().steps()).isEqualTo(15);
            SafetensorsWriter state = new SafetensorsWriter();
            training.write(state);
            state.writeTo(file);
        }
        try (Safetensors state = Safetensors.open(file);
                NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material, state)) {
            assertThat(training.isOver()).isFalse();
            EpochResult end = training.epoch(
                    (position, batches, rows, seconds) -> {
                        throw new AssertionError("a step was repeated");
                    },
                    () -> {});
            assertThat(training.isOver()).isTrue();
            assertThat(end.test()).isEqualTo(uninterrupted.test()).isNotNull();
            assertThat(end.measures().get("loss"))
                    .isEqualTo(uninterrupted.measures().get("loss"));
        }
    }

    @Test
    void resumeUsesTheThreadsThatTheRunStartedWith() throws IOException {
        TorchEngine.load(1);
        byte[] onOne = uninterrupted(cnn(), classifier(0.01));
        TorchEngine.load(1);
        Path file = folder.resolve("begun-on-one.safetensors");
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            SafetensorsWriter state = new SafetensorsWriter();
            training.write(state);
            state.writeTo(file);
        }
        TorchEngine.load(2);
        try (Safetensors state = Safetensors.open(file);
                NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material, state)) {
            assertThat(TorchEngine.threads()).isEqualTo(1);
            while (!training.isOver()) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
            assertThat(weights(training)).isEqualTo(onOne);
        } finally {
            TorchEngine.load(Runtime.getRuntime().availableProcessors());
        }
    }

    @Test
    void resumeWithAnotherEngineOrProcessorIsReported() throws IOException {
        Path here = folder.resolve("here.safetensors");
        Path elsewhere = folder.resolve("elsewhere.safetensors");
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            assertThat(training.environmentChange()).isEmpty();
            SafetensorsWriter state = new SafetensorsWriter();
            training.write(state);
            state.writeTo(here);
            state.metadata("place", "PyTorch 1.0 on an abacus, cpu").writeTo(elsewhere);
        }
        try (Safetensors state = Safetensors.open(here);
                NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material, state)) {
            assertThat(training.environmentChange()).isEmpty();
        }
        try (Safetensors state = Safetensors.open(elsewhere);
                NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material, state)) {
            assertThat(training.environmentChange())
                    .hasValueSatisfying(how -> assertThat(how)
                            .startsWith("started with PyTorch 1.0 on an abacus, cpu and continues with "
                                    + TorchEngine.build()));
        }
    }

    /// Interrupts a training two steps after its last save; another training resumes from there.
    private byte[] interrupted(TrainableNetwork network, TrainSpec spec, int killedAfter) throws IOException {
        Path state = folder.resolve("state");
        TrainingSnapshots files = new TrainingSnapshots(state, 1, Map.of(), null);
        byte[][] row = new byte[1][];
        try (NetworkTraining training = new NetworkTraining(network, spec, material)) {
            assertThatThrownBy(() -> {
                        while (!training.isOver()) {
                            training.epoch(
                                    (position, batches, rows, seconds) -> {
                                        if (position.steps() == Math.max(1, killedAfter - 2)) {
                                            SafetensorsWriter tensors = new SafetensorsWriter();
                                            training.write(tensors);
                                            TrainingSnapshots.Saved saved = files.write(position, tensors);
                                            row[0] = files.row(saved);
                                            files.nowNamed(saved);
                                        }
                                        if (position.steps() == killedAfter) {
                                            throw new Stopped();
                                        }
                                    },
                                    () -> {});
                        }
                    })
                    .isInstanceOf(Stopped.class);
        }
        Path newest =
                new TrainingSnapshots(state, 2, Map.of(), row[0]).find().file().orElseThrow();
        try (Safetensors saved = Safetensors.open(newest);
                NetworkTraining training = new NetworkTraining(network, spec, material, saved)) {
            while (!training.isOver()) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
            return weights(training);
        } finally {
            files.delete();
            assertThat(state).doesNotExist();
        }
    }
}
