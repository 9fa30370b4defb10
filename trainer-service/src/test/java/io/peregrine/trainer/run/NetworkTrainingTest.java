package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.FileStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.Failure;
import io.peregrine.events.FailureKind;
import io.peregrine.events.RunSpec.Augment;
import io.peregrine.events.RunSpec.Regimen;
import io.peregrine.events.RunSpec.Schedule;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.Split;
import io.peregrine.random.Mt19937;
import io.peregrine.trainer.run.NetworkTraining.EpochEnd;
import io.peregrine.trainer.run.NetworkTraining.Material;
import io.peregrine.vision.Parameter;
import io.peregrine.vision.ResNet;
import io.peregrine.vision.SeedAutoencoder;
import io.peregrine.vision.SeedCnn;
import io.peregrine.vision.Torch;
import io.peregrine.vision.TrainableNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Small trainings on drawn pictures: two classes, one dark and one light, and blends within each.
class NetworkTrainingTest {
    private static final int SIDE = 16;
    private static final int PICTURES = 22;
    private static final PriorShift NO_SHIFT = new PriorShift(new double[] {1, 1});

    @TempDir
    Path folder;

    private PixelRows pixels;
    private Material material;

    @BeforeEach
    void drawPictures() {
        ArtifactStore store = new FileStore(folder.resolve("store"));
        Mt19937 random = new Mt19937(1);
        List<byte[]> pictures = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        for (int row = 0; row < PICTURES; row++) {
            byte[] picture = new byte[3 * SIDE * SIDE];
            for (int i = 0; i < picture.length; i++) {
                picture[i] = (byte) (random.below(100) + (row % 2 == 0 ? 0 : 150));
            }
            pictures.add(picture);
            entries.add(new Entry(row % 2, row < 18 ? Split.TRAIN : Split.TEST, 0, row, row + ".png", "", null));
        }
        Manifest manifest = new Manifest(
                SIDE, List.of("dark", "light"), List.of(PixelPack.publish(store, Map.of(), SIDE, pictures)), entries);
        pixels = new PixelRows(store, manifest);
        int synthetic = 5;
        TrainingRows real = TrainingRows.ofSplit(manifest, Split.TRAIN);
        TrainingRows all = new TrainingRows(
                java.util.Arrays.copyOf(real.base(), 18 + synthetic),
                java.util.Arrays.copyOf(real.neighbour(), 18 + synthetic),
                java.util.Arrays.copyOf(real.gap(), 18 + synthetic),
                java.util.Arrays.copyOf(real.label(), 18 + synthetic));
        for (int i = 18; i < all.count(); i++) {
            all.base()[i] = i - 18;
            all.neighbour()[i] = i - 16;
            all.gap()[i] = 0.1 * (i - 17);
            all.label()[i] = (i - 18) % 2;
        }
        material = new Material(
                pixels,
                SIDE,
                2,
                all,
                TrainingRows.ofSplit(manifest, Split.VALIDATION),
                TrainingRows.ofSplit(manifest, Split.TEST));
    }

    @AfterEach
    void closePictures() {
        pixels.close();
    }

    private static TrainSpec classifier(double rate) {
        return new TrainSpec("seed-cnn", 0, 3, 5, rate, 42, 0.1);
    }

    private static TrainableNetwork cnn() {
        return new SeedCnn(SIDE, 2, 0.1);
    }

    @Test
    void aClassifierLearnsToTellDarkFromLight() {
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            EpochEnd last = null;
            while (!training.isOver()) {
                last = training.epoch(
                        (position, batches, rows, seconds) -> {
                            assertThat(batches).isEqualTo(5);
                            assertThat(rows).isEqualTo(position.batch() == 5 ? 3 : 5);
                        },
                        () -> {});
            }
            assertThat(last.epoch()).isEqualTo(3);
            assertThat(last.measures()).containsOnlyKeys("loss", "accuracy", "imagesPerSecond");
            assertThat(training.test(NO_SHIFT, () -> {}).confusion().stream()
                            .flatMap(List::stream)
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(4);
            assertThat(training.test(NO_SHIFT, () -> {}).accuracy()).isGreaterThanOrEqualTo(0.75);
        }
    }

    @Test
    void validationTellsBalancedAccuracyToo() {
        TrainingRows test = material.test();
        // Two dark pictures and a light one, which a network that has learnt nothing takes for one and the same.
        TrainingRows three = new TrainingRows(
                java.util.Arrays.copyOf(test.base(), 3),
                java.util.Arrays.copyOf(test.neighbour(), 3),
                java.util.Arrays.copyOf(test.gap(), 3),
                java.util.Arrays.copyOf(test.label(), 3));
        Material validated = new Material(pixels, SIDE, 2, material.learn(), three, test);
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(1e-9), validated)) {
            Map<String, Double> measures = training.epoch((position, batches, rows, seconds) -> {}, () -> {})
                    .measures();
            assertThat(measures).containsKeys("validationLoss", "validationAccuracy", "validationBalancedAccuracy");
            double right = 3 * measures.get("validationAccuracy");
            assertThat(measures.get("validationBalancedAccuracy"))
                    .as("of %s right", right)
                    .isIn(right == 2 ? List.of(0.5, 0.75) : right == 1 ? List.of(0.25, 0.5) : List.of(right / 3));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 6, 9, 14})
    void aTrainingThatWasKilledAndResumedEndsInTheSameBytes(int killedAfter) throws IOException {
        assertThat(interrupted(cnn(), classifier(0.01), killedAfter)).isEqualTo(undisturbed(cnn(), classifier(0.01)));
    }

    @Test
    void soDoesAnAutoencoder() throws IOException {
        TrainSpec spec = new TrainSpec("seed-autoencoder", 6, 2, 5, 0.001, 7, 0);
        assertThat(interrupted(new SeedAutoencoder(SIDE, 6), spec, 7))
                .isEqualTo(undisturbed(new SeedAutoencoder(SIDE, 6), spec));
    }

    private static TrainSpec residual(Regimen regimen) {
        return new TrainSpec("resnet", 0, 3, 5, 0.002, 42, 0.1, regimen);
    }

    /// Everything that a resume could forget: schedule, augmentation, smoothing, decay, shortened gradients.
    @ParameterizedTest
    @ValueSource(ints = {1, 6, 14})
    void soDoesAResidualNetworkWithAllThatATrainingCanDo(int killedAfter) throws IOException {
        TrainSpec spec = residual(new Regimen(Schedule.COSINE, 0.2, 0.05, 0.5, 0.1, Augment.STANDARD, 0));
        ResNet network = new ResNet(2, 0.1, null, 0.1);
        byte[] undisturbed = undisturbed(network, spec);
        assertThat(interrupted(network, spec, killedAfter)).isEqualTo(undisturbed);
        for (Regimen other : List.of(
                new Regimen(Schedule.CONSTANT, 0.2, 0.05, 0.5, 0.1, Augment.STANDARD, 0),
                new Regimen(Schedule.COSINE, 0, 0.05, 0.5, 0.1, Augment.STANDARD, 0),
                new Regimen(Schedule.COSINE, 0.2, 0, 0.5, 0.1, Augment.STANDARD, 0),
                new Regimen(Schedule.COSINE, 0.2, 0.05, 0, 0.1, Augment.STANDARD, 0),
                new Regimen(Schedule.COSINE, 0.2, 0.05, 0.5, 0.1, Augment.FLIP, 0))) {
            assertThat(undisturbed(network, residual(other)))
                    .as("%s does something", other)
                    .isNotEqualTo(undisturbed);
        }
    }

    @Test
    void aTrainingEndsWhenValidationHasNotBecomeBetterForAsLongAsWasAskedFor() {
        TrainSpec spec = new TrainSpec(
                "seed-cnn", 0, 50, 5, 0.3, 42, 0.1, new Regimen(Schedule.CONSTANT, 0, 0, 0, 0, Augment.NONE, 2));
        Material watched = new Material(pixels, SIDE, 2, material.learn(), material.test(), material.test());
        List<Boolean> best = new ArrayList<>();
        try (NetworkTraining training = new NetworkTraining(cnn(), spec, watched)) {
            while (!training.isOver()) {
                best.add(training.epoch((position, batches, rows, seconds) -> {}, () -> {})
                        .best());
            }
        }
        assertThat(best).hasSizeBetween(3, 49).startsWith(true).endsWith(false, false);
        assertThat(java.util.Collections.indexOfSubList(best, List.of(false, false)))
                .as("not later either")
                .isEqualTo(best.size() - 2);
    }

    @Test
    void withoutValidationItGoesOnToItsEnd() {
        TrainSpec spec = new TrainSpec(
                "seed-cnn", 0, 8, 5, 0.3, 42, 0.1, new Regimen(Schedule.CONSTANT, 0, 0, 0, 0, Augment.NONE, 1));
        int epochs = 0;
        try (NetworkTraining training = new NetworkTraining(cnn(), spec, material)) {
            for (; !training.isOver(); epochs++) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
        }
        assertThat(epochs).isEqualTo(8);
    }

    @Test
    void givenWeightsAreExactlyWhatATrainingBeginsWith() throws IOException {
        Path trained = folder.resolve("trained.safetensors");
        Files.write(trained, undisturbed(cnn(), classifier(0.01)));
        TrainSpec another = new TrainSpec("seed-cnn", 0, 3, 5, 0.02, 7, 0.1);
        try (NetworkTraining before = begun(cnn(), classifier(0.01), trained);
                NetworkTraining fresh = new NetworkTraining(cnn(), another, material);
                NetworkTraining given = begun(cnn(), another, trained)) {
            double loss = before.test(NO_SHIFT, () -> {}).loss();
            assertThat(given.test(NO_SHIFT, () -> {})).isEqualTo(before.test(NO_SHIFT, () -> {}));
            assertThat(fresh.test(NO_SHIFT, () -> {}).loss()).isNotEqualTo(loss);
            assertThat(given.position()).isEqualTo(Position.start());
        }
        try (NetworkTraining given = begun(cnn(), another, trained)) {
            SafetensorsWriter state = new SafetensorsWriter();
            given.write(state);
            Path file = folder.resolve("begun.safetensors");
            state.writeTo(file);
            try (Safetensors begun = Safetensors.open(file);
                    Safetensors wanted = Safetensors.open(trained)) {
                for (String name : wanted.names()) {
                    if (!name.endsWith("num_batches_tracked")) {
                        assertThat(begun.tensor(name).floats())
                                .as(name)
                                .isEqualTo(wanted.tensor(name).floats());
                        if (begun.names().contains("adam.first." + name)) {
                            assertThat(begun.tensor("adam.first." + name).floats())
                                    .containsOnly(0);
                            assertThat(begun.tensor("adam.second." + name).floats())
                                    .containsOnly(0);
                        }
                    }
                }
            }
        }
    }

    @Test
    void weightsOfAnotherNetworkAreRefusedWithEveryDifference() throws IOException {
        Path trained = folder.resolve("trained.safetensors");
        Files.write(trained, undisturbed(cnn(), classifier(0.01)));
        refused(new SeedCnn(SIDE, 5, 0.1), trained)
                .hasMessageContaining("SeedCnn in docs/networks.py")
                .hasMessageContaining("linear2.weight is F32 [2, 300], wanted F32 [5, 300]")
                .hasMessageContaining("linear2.bias is F32 [2], wanted F32 [5];")
                .hasMessageNotContaining("num_batches_tracked");
        refused(new SeedAutoencoder(SIDE, 6), trained)
                .hasMessageContaining("encoder.0.weight is missing, wanted F32 [16, 3, 2, 2]")
                .hasMessageContaining("more; give its state_dict");
        SafetensorsWriter other = new SafetensorsWriter();
        try (Safetensors weights = Safetensors.open(trained)) {
            for (Parameter parameter : cnn().parameters()) {
                Safetensors.Tensor tensor = weights.tensor(parameter.name());
                if (parameter.name().equals("linear2.bias")) {
                    other.add(parameter.name(), tensor.shape(), new double[] {1, 2});
                } else {
                    other.add(parameter.name(), tensor.shape(), tensor.floats());
                }
            }
            other.add("linear3.num_batches_tracked", new long[0], new long[] {7});
            other.add("\0" + "n".repeat(40_000), new long[] {1}, new long[] {7});
            Path file = folder.resolve("other.safetensors");
            other.writeTo(file);
            refused(cnn(), file)
                    .hasMessageContaining("linear2.bias is F64 [2], wanted F32 [2]; ")
                    .hasMessageContaining("linear3.num_batches_tracked is not wanted, found I64 []; ")
                    .hasMessageContaining("?nnn")
                    .message()
                    .hasSizeLessThan(1_000);
        }
    }

    private AbstractThrowableAssert<?, ?> refused(TrainableNetwork network, Path weights) {
        return assertThatThrownBy(() -> begun(network, classifier(0.01), weights))
                .isInstanceOfSatisfying(Failure.class, failure -> {
                    assertThat(failure.code()).isEqualTo("INIT_MISMATCH");
                    assertThat(failure.kind()).isEqualTo(FailureKind.INPUT);
                });
    }

    private NetworkTraining begun(TrainableNetwork network, TrainSpec spec, Path weights) {
        try (Safetensors given = Safetensors.open(weights)) {
            return NetworkTraining.from(given, network, spec, material);
        }
    }

    @Test
    void anotherSeedEndsElsewhere() throws IOException {
        TrainSpec other = new TrainSpec("seed-cnn", 0, 3, 5, 0.01, 43, 0.1);
        assertThat(undisturbed(cnn(), other)).isNotEqualTo(undisturbed(cnn(), classifier(0.01)));
    }

    @Test
    void aLossThatIsNoNumberFailsByNameWithItsCure() {
        // A start that overflows float32 in the first squared error.
        TrainSpec wild = new TrainSpec("seed-autoencoder", 6, 50, 5, 1e30, 7, 0);
        try (NetworkTraining training = new NetworkTraining(new SeedAutoencoder(SIDE, 6), wild, material)) {
            assertThatThrownBy(() -> {
                        while (!training.isOver()) {
                            training.epoch((position, batches, rows, seconds) -> {}, () -> {});
                        }
                    })
                    .isInstanceOfSatisfying(Failure.class, failure -> {
                        assertThat(failure.code()).isEqualTo("LOSS_NOT_FINITE");
                        assertThat(failure)
                                .hasMessageContaining("seed-autoencoder")
                                .hasMessageContaining("below 1.0E30");
                    });
        }
    }

    @Test
    void aResumeComputesOnTheThreadsThatTheRunBeganWith() throws IOException {
        Torch.load(1);
        byte[] onOne = undisturbed(cnn(), classifier(0.01));
        Torch.load(1);
        Path file = folder.resolve("begun-on-one.safetensors");
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            SafetensorsWriter state = new SafetensorsWriter();
            training.write(state);
            state.writeTo(file);
        }
        Torch.load(2);
        try (Safetensors state = Safetensors.open(file);
                NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material, state)) {
            assertThat(Torch.threads()).isEqualTo(1);
            while (!training.isOver()) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
            assertThat(weights(training)).isEqualTo(onOne);
        } finally {
            Torch.load(Runtime.getRuntime().availableProcessors());
        }
    }

    @Test
    void measuringStopsBetweenBatchesToo() {
        try (NetworkTraining training = new NetworkTraining(cnn(), classifier(0.01), material)) {
            assertThatThrownBy(() -> training.test(NO_SHIFT, () -> {
                        throw new Stopped();
                    }))
                    .isInstanceOf(Stopped.class);
        }
    }

    private byte[] undisturbed(TrainableNetwork network, TrainSpec spec) throws IOException {
        try (NetworkTraining training = new NetworkTraining(network, spec, material)) {
            while (!training.isOver()) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
            return weights(training);
        }
    }

    /// Dies after some steps with what it last saved, two steps before; another training goes on from there.
    private byte[] interrupted(TrainableNetwork network, TrainSpec spec, int killedAfter) throws IOException {
        Path state = folder.resolve("state");
        ResumeFiles files = new ResumeFiles(state, 1, Map.of(), null);
        byte[][] row = new byte[1][];
        try (NetworkTraining training = new NetworkTraining(network, spec, material)) {
            assertThatThrownBy(() -> {
                        while (!training.isOver()) {
                            training.epoch(
                                    (position, batches, rows, seconds) -> {
                                        if (position.steps() == Math.max(1, killedAfter - 2)) {
                                            SafetensorsWriter tensors = new SafetensorsWriter();
                                            training.write(tensors);
                                            ResumeFiles.Saved saved = files.write(position, tensors);
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
        Path newest = new ResumeFiles(state, 2, Map.of(), row[0]).find().file().orElseThrow();
        try (Safetensors saved = Safetensors.open(newest);
                NetworkTraining training = new NetworkTraining(network, spec, material, saved)) {
            while (!training.isOver()) {
                training.epoch((position, batches, rows, seconds) -> {}, () -> {});
            }
            return weights(training);
        } finally {
            files.forget();
            assertThat(state).doesNotExist();
        }
    }

    private byte[] weights(NetworkTraining training) throws IOException {
        SafetensorsWriter weights = new SafetensorsWriter();
        training.writeWeights(weights);
        Path file = folder.resolve("weights.safetensors");
        weights.writeTo(file);
        return Files.readAllBytes(file);
    }

    @SuppressWarnings("serial")
    private static final class Stopped extends RuntimeException {}
}
