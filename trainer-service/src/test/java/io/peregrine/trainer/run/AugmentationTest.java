package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final int SIDE = 16;

    /// Each pixel encodes its position: channel, row and column.
    private static float[] image() {
        float[] image = new float[3 * SIDE * SIDE];
        for (int i = 0; i < image.length; i++) {
            int x = i % SIDE;
            int y = i / SIDE % SIDE;
            image[i] = 20 + 50 * (i / (SIDE * SIDE)) + 3 * x + 0.1f * y;
        }
        return image;
    }

    private static float[] changed(AugmentationPolicy policy, long seed, int epoch, int place) {
        float[] image = image();
        new Augmentation(policy, seed, epoch, SIDE).change(MemorySegment.ofArray(image), place);
        return image;
    }

    @Test
    void flipMirrorsAboutHalfOfTheImagesAndNoOthers() {
        float[] mirror = image();
        for (int row = 0; row < 3 * SIDE; row++) {
            for (int x = 0; x < SIDE; x++) {
                mirror[row * SIDE + x] = image()[row * SIDE + SIDE - 1 - x];
            }
        }
        int mirrored = 0;
        for (int place = 0; place < 200; place++) {
            float[] changed = changed(AugmentationPolicy.FLIP, 42, 1, place);
            boolean is = changed[0] == mirror[0];
            assertThat(changed).isEqualTo(is ? mirror : image());
            mirrored += is ? 1 : 0;
        }
        assertThat(mirrored).isBetween(70, 130);
    }

    @Test
    void standardKeepsPixelsInRangeAndDiffersEachTime() {
        Set<Float> firsts = new HashSet<>();
        for (int place = 0; place < 100; place++) {
            float[] changed = changed(AugmentationPolicy.STANDARD, 42, 1, place);
            for (float value : changed) {
                assertThat(value).isBetween(0f, 255f);
            }
            firsts.add(changed[SIDE * 8 + 8]);
        }
        assertThat(firsts).hasSizeGreaterThan(95);
    }

    @Test
    void cropHasAtLeastFourTenthsOfTheImageAndChangesLight() {
        double least = 1;
        double most = 0;
        for (int place = 0; place < 200; place++) {
            float[] changed = changed(AugmentationPolicy.STANDARD, 7, 3, place);
            int middle = SIDE * 8 + 8;
            // Contrast and brightness change all differences by the same factor. Channels differ by 50, columns
            // by 3, rows by 0.1.
            double light = (changed[SIDE * SIDE + middle] - changed[middle]) / 50;
            double width = Math.abs(changed[middle + 1] - changed[middle]) / 3 / light;
            double height = (changed[middle + SIDE] - changed[middle]) / 0.1 / light;
            assertThat(light).isBetween(0.8 * 0.8, 1.2 * 1.2);
            assertThat(width).isLessThan(1.001);
            assertThat(height).isLessThan(1.01);
            // A crop that would be wider than the image is clipped.
            assertThat(width * height).isBetween(0.4 * Math.exp(-0.2), 1.01);
            assertThat(Math.abs(Math.log(width / height))).isLessThan(0.21);
            least = Math.min(least, width * height);
            most = Math.max(most, width * height);
        }
        assertThat(least).isLessThan(0.45);
        assertThat(most).isGreaterThan(0.9);
    }

    @Test
    void interpolatesLinearlyAndStaysWithinTheEdges() {
        for (int place = 0; place < 200; place++) {
            float[] changed = changed(AugmentationPolicy.STANDARD, 7, 3, place);
            int middle = SIDE * 8 + 8;
            double light = (changed[SIDE * SIDE + middle] - changed[middle]) / 50;
            double across = changed[middle + 1] - changed[middle];
            double down = changed[middle + SIDE] - changed[middle];
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    double straight = changed[middle] + (x - 8) * across + (y - 8) * down;
                    // Half a pixel at each edge repeats the outermost pixel.
                    assertThat((double) changed[y * SIDE + x])
                            .isBetween(Math.max(0, straight) - 1.6 * light, Math.max(0, straight) + 1.6 * light);
                    if (x > 0 && x < SIDE - 1 && y > 0 && y < SIDE - 1 && straight > 0.1) {
                        assertThat((double) changed[y * SIDE + x]).isCloseTo(straight, within(0.02));
                    }
                }
            }
        }
    }

    @Test
    void isDeterministicForSeedEpochAndPlace() {
        assertThat(changed(AugmentationPolicy.STANDARD, 42, 2, 9))
                .isEqualTo(changed(AugmentationPolicy.STANDARD, 42, 2, 9));
        assertThat(changed(AugmentationPolicy.STANDARD, 42, 2, 9))
                .isNotEqualTo(changed(AugmentationPolicy.STANDARD, 42, 3, 9))
                .isNotEqualTo(changed(AugmentationPolicy.STANDARD, 43, 2, 9))
                .isNotEqualTo(changed(AugmentationPolicy.STANDARD, 42, 2, 10));
    }
}
