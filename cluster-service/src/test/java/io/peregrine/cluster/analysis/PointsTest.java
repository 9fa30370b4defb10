package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PointsTest {
    @Test
    void zerosOfBothSignsAreTheSamePoint() {
        assertThat(new Points(4, 2, new float[] {0, 1, -0f, 1, 0, 1, 1, 0}).distinct())
                .isEqualTo(2);
    }

    /// Latents are often between −1 and 1.
    @Test
    @Timeout(30)
    void smallValuesAreCountedInLinearTime() {
        float[] values = new float[200_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) i / values.length;
        }
        assertThat(new Points(values.length, 1, values).distinct())
                .isEqualTo((int) Arrays.stream(boxed(values)).distinct().count());
    }

    private static Float[] boxed(float[] values) {
        Float[] boxed = new Float[values.length];
        Arrays.setAll(boxed, i -> values[i]);
        return boxed;
    }
}
