package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.vision.nn.Parameter;
import io.peregrine.vision.nn.SeedAutoencoder;
import io.peregrine.vision.nn.SeedCnn;
import io.peregrine.vision.nn.TrainableNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

/// Small trainings that start from weights supplied by a user.
class GivenWeightsTest extends DrawnImages {
    @Test
    void trainingStartsFromExactlyTheGivenWeights() throws IOException {
        Path trained = folder.resolve("trained.safetensors");
        Files.write(trained, uninterrupted(cnn(), classifier(0.01)));
        TrainSpec another = new TrainSpec("seed-cnn", 0, 3, 5, 0.02, 7, 0.1);
        try (NetworkTraining before = start(cnn(), classifier(0.01), trained);
                NetworkTraining fresh = new NetworkTraining(cnn(), another, material);
                NetworkTraining given = start(cnn(), another, trained)) {
            double loss = before.test(() -> {}).loss();
            assertThat(given.test(() -> {})).isEqualTo(before.test(() -> {}));
            assertThat(fresh.test(() -> {}).loss()).isNotEqualTo(loss);
            assertThat(given.position()).isEqualTo(TrainingProgress.start());
        }
        try (NetworkTraining given = start(cnn(), another, trained)) {
            SafetensorsWriter state = new SafetensorsWriter();
            given.write(state);
            Path file = folder.resolve("started.safetensors");
            state.writeTo(file);
            try (Safetensors started = Safetensors.open(file);
                    Safetensors wanted = Safetensors.open(trained)) {
                for (String name : wanted.names()) {
                    if (!name.endsWith("num_batches_tracked")) {
                        assertThat(started.tensor(name).floats())
                                .as(name)
                                .isEqualTo(wanted.tensor(name).floats());
                        if (started.names().contains("adam.first." + name)) {
                            assertThat(started.tensor("adam.first." + name).floats())
                                    .containsOnly(0);
                            assertThat(started.tensor("adam.second." + name).floats())
                                    .containsOnly(0);
                        }
                    }
                }
            }
        }
    }

    @Test
    void weightsOfAnotherNetworkFailWithAllDifferences() throws IOException {
        Path trained = folder.resolve("trained.safetensors");
        Files.write(trained, uninterrupted(cnn(), classifier(0.01)));
        assertMismatch(new SeedCnn(SIDE, 5, 0.1), trained)
                .hasMessageContaining("SeedCnn in docs/networks.py")
                .hasMessageContaining("linear2.weight is F32 [2, 300], expected F32 [5, 300]")
                .hasMessageContaining("linear2.bias is F32 [2], expected F32 [5];")
                .hasMessageNotContaining("num_batches_tracked");
        assertMismatch(new SeedAutoencoder(SIDE, 6), trained)
                .hasMessageContaining("encoder.0.weight is missing, expected F32 [16, 3, 2, 2]")
                .hasMessageContaining("more; supply its state_dict");
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
            assertMismatch(cnn(), file)
                    .hasMessageContaining("linear2.bias is F64 [2], expected F32 [2]; ")
                    .hasMessageContaining("linear3.num_batches_tracked is unexpected, found I64 []; ")
                    .hasMessageContaining("?nnn")
                    .message()
                    .hasSizeLessThan(1_000);
        }
    }

    private AbstractThrowableAssert<?, ?> assertMismatch(TrainableNetwork network, Path weights) {
        return assertThatThrownBy(() -> start(network, classifier(0.01), weights))
                .isInstanceOfSatisfying(FailureException.class, failure -> {
                    assertThat(failure.code()).isEqualTo("INITIAL_WEIGHTS_MISMATCH");
                    assertThat(failure.kind()).isEqualTo(FailureKind.INPUT);
                });
    }

    private NetworkTraining start(TrainableNetwork network, TrainSpec spec, Path weights) {
        try (Safetensors given = Safetensors.open(weights)) {
            return NetworkTraining.from(given, network, spec, material);
        }
    }
}
