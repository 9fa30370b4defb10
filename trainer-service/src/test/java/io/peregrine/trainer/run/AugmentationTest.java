package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.RunSpec.Augment;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final int SIDE = 16;

    /// Each pixel tells its place: channel, row and column.
    private static float[] picture() {
        float[] picture = new float[3 * SIDE * SIDE];
        for (int i = 0; i < picture.length; i++) {
            int x = i % SIDE;
            int y = i / SIDE % SIDE;
            picture[i] = 20 + 50 * (i / (SIDE * SIDE)) + 3 * x + 0.1f * y;
        }
        return picture;
    }

    private static float[] changed(Augment kind, long seed, int epoch, int place) {
        float[] picture = picture();
        new Augmentation(kind, seed, epoch, SIDE).change(MemorySegment.ofArray(picture), place);
        return picture;
    }

    @Test
    void aFlipMirrorsAboutHalfOfThePicturesAndLeavesTheRestAlone() {
        float[] mirror = picture();
        for (int row = 0; row < 3 * SIDE; row++) {
            for (int x = 0; x < SIDE; x++) {
                mirror[row * SIDE + x] = picture()[row * SIDE + SIDE - 1 - x];
            }
        }
        int mirrored = 0;
        for (int place = 0; place < 200; place++) {
            float[] changed = changed(Augment.FLIP, 42, 1, place);
            boolean is = changed[0] == mirror[0];
            assertThat(changed).isEqualTo(is ? mirror : picture());
            mirrored += is ? 1 : 0;
        }
        assertThat(mirrored).isBetween(70, 130);
    }

    @Test
    void theStandardChangeKeepsPixelsInTheirRangeAndIsAnotherEachTime() {
        Set<Float> firsts = new HashSet<>();
        for (int place = 0; place < 100; place++) {
            float[] changed = changed(Augment.STANDARD, 42, 1, place);
            for (float value : changed) {
                assertThat(value).isBetween(0f, 255f);
            }
            firsts.add(changed[SIDE * 8 + 8]);
        }
        assertThat(firsts).hasSizeGreaterThan(95);
    }

    @Test
    void itMovesByAnEighthOfTheSideAtMost() {
        // With contrast c and brightness b all differences between pixels shrink or grow alike, by c · b.
        for (int place = 0; place < 100; place++) {
            float[] changed = changed(Augment.STANDARD, 7, 3, place);
            int middle = SIDE * 8 + 8;
            double across = changed[middle + 1] - changed[middle];
            double down = changed[middle + SIDE] - changed[middle];
            assertThat(Math.abs(across) / 3).isBetween(0.8 * 0.8 - 1e-3, 1.2 * 1.2 + 1e-3);
            assertThat(down * 30).isCloseTo(Math.abs(across), org.assertj.core.api.Assertions.within(0.05));
            int repeated = 0;
            while (Math.abs(changed[8 * SIDE + repeated] - changed[8 * SIDE + repeated + 1]) < 1e-3) {
                repeated++;
            }
            assertThat(repeated).isLessThanOrEqualTo(SIDE / 8);
        }
    }

    @Test
    void theSameMomentOfTheSameTrainingDoesTheSame() {
        assertThat(changed(Augment.STANDARD, 42, 2, 9)).isEqualTo(changed(Augment.STANDARD, 42, 2, 9));
        assertThat(changed(Augment.STANDARD, 42, 2, 9))
                .isNotEqualTo(changed(Augment.STANDARD, 42, 3, 9))
                .isNotEqualTo(changed(Augment.STANDARD, 43, 2, 9))
                .isNotEqualTo(changed(Augment.STANDARD, 42, 2, 10));
    }
}
