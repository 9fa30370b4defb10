package io.peregrine.vision.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.peregrine.vision.engine.TorchEngine;
import org.junit.jupiter.api.Test;

class ClassWeightsTest {
    private static final float[] LOG_PROBABILITIES = {
        -0.1f, -2.4f, -5f, -1f, -0.7f, -2f, -3f, -0.2f, -2.2f, -4f, -3f, -0.1f
    };
    private static final long[] LABELS = {0, 1, 0, 2};

    private static float loss(SeedCnn network, boolean training) {
        try (NDManager manager = TorchEngine.load().newBaseManager()) {
            NDArray output = manager.create(LOG_PROBABILITIES, new Shape(4, 3));
            NDArray labels = manager.create(LABELS);
            return (training ? network.trainingLoss(output, null, labels) : network.loss(output, null, labels))
                    .getFloat();
        }
    }

    /// The formula of PyTorch's NLLLoss(weight=[0.5, 2, 3]): Σ w[y] · nll / Σ w[y].
    @Test
    void trainingLossWeightsEachImageByItsClass() {
        SeedCnn weighted = new SeedCnn(16, 3, 0, new float[] {0.5f, 2, 3}, 0);
        double expected = (0.5 * 0.1 + 2 * 0.7 + 0.5 * 3 + 3 * 0.1) / (0.5 + 2 + 0.5 + 3);
        assertThat((double) loss(weighted, true)).isCloseTo(expected, within(1e-6));
    }

    @Test
    void reportedLossIsNotWeighted() {
        SeedCnn weighted = new SeedCnn(16, 3, 0, new float[] {0.5f, 2, 3}, 0);
        SeedCnn plain = new SeedCnn(16, 3, 0);
        assertThat(loss(weighted, false)).isEqualTo(loss(plain, false)).isEqualTo(loss(plain, true));
    }

    @Test
    void equalWeightsChangeNothing() {
        SeedCnn weighted = new SeedCnn(16, 3, 0, new float[] {2, 2, 2}, 0);
        assertThat((double) loss(weighted, true)).isCloseTo(loss(weighted, false), within(1e-6));
    }
}
