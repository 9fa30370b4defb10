package io.peregrine.trainer.run;

import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.random.Mt19937;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Augments an image each time it is used for training: differently in each epoch, but identically in a resumed
/// training. Random crops, scaled to full size: Szegedy and others, "Going Deeper with Convolutions", 2015.
///
/// Not thread-safe: buffers are reused for each image.
final class Augmentation {
    /// Minimum share of an image's area in the crop.
    private static final double MIN_AREA = 0.4;
    /// Maximum absolute value of the logarithm of the crop's aspect ratio.
    private static final double MAX_LOG_ASPECT = 0.2;
    /// Maximum relative change of brightness and contrast.
    private static final double MAX_LIGHT_CHANGE = 0.2;

    private static final double GREY = 127.5;

    private final AugmentationPolicy policy;
    private final long seed;
    private final int epoch;
    private final int side;
    private final float[] from;
    private final float[] line;
    private final float[] shown;

    /// @param policy not `NONE`
    /// @param seed of the training
    /// @param epoch from 1
    /// @param side of the images
    Augmentation(AugmentationPolicy policy, long seed, int epoch, int side) {
        this.policy = policy;
        this.seed = seed;
        this.epoch = epoch;
        this.side = side;
        this.from = new float[3 * side * side];
        this.line = new float[side];
        this.shown = new float[side];
    }

    /// For each output pixel, the two neighbouring input pixels and the distance from the first.
    private record Steps(int[] before, int[] after, float[] share) {
        /// @param from start of the crop, in pixels
        /// @param scale input pixels per output pixel, at most 1
        static Steps of(int side, double from, double scale) {
            Steps steps = new Steps(new int[side], new int[side], new float[side]);
            for (int i = 0; i < side; i++) {
                // Pixel values lie at pixel centres; beyond the outermost centres they are repeated.
                double at = Math.clamp(from + (i + 0.5) * scale - 0.5, 0, side - 1);
                steps.before[i] = (int) at;
                steps.after[i] = Math.min(side - 1, steps.before[i] + 1);
                steps.share[i] = (float) (at - steps.before[i]);
            }
            return steps;
        }
    }

    /// Changes one image in place.
    ///
    /// @param image f32 [3, side, side], 0 to 255 before and after
    /// @param place index of the row in the epoch's order
    void change(MemorySegment image, int place) {
        Mt19937 random = new Mt19937(TrainingProgress.augmentation(seed, epoch, place));
        boolean mirrored = random.uniform() < 0.5;
        if (policy == AugmentationPolicy.STANDARD) {
            crop(image, random);
        }
        if (mirrored) {
            mirror(image);
        }
    }

    /// Scales a crop to full size with bilinear interpolation and changes brightness and contrast.
    private void crop(MemorySegment image, Mt19937 random) {
        double area = MIN_AREA + (1 - MIN_AREA) * random.uniform();
        double stretch = Math.exp(around(random, MAX_LOG_ASPECT));
        double width = Math.min(1, Math.sqrt(area * stretch));
        double height = Math.min(1, Math.sqrt(area / stretch));
        Steps across = Steps.of(side, random.uniform() * (1 - width) * side, width);
        Steps down = Steps.of(side, random.uniform() * (1 - height) * side, height);
        double contrast = 1 + around(random, MAX_LIGHT_CHANGE);
        double brightness = 1 + around(random, MAX_LIGHT_CHANGE);
        float times = (float) (contrast * brightness);
        float plus = (float) (GREY * (1 - contrast) * brightness);
        MemorySegment.copy(image, ValueLayout.JAVA_FLOAT, 0, from, 0, from.length);
        for (int row = 0; row < 3 * side; row++) {
            int channel = row / side * side;
            int above = (channel + down.before[row % side]) * side;
            int below = (channel + down.after[row % side]) * side;
            float share = down.share[row % side];
            for (int x = 0; x < side; x++) {
                line[x] = times * (from[above + x] + share * (from[below + x] - from[above + x])) + plus;
            }
            for (int x = 0; x < side; x++) {
                float left = line[across.before[x]];
                float value = left + across.share[x] * (line[across.after[x]] - left);
                shown[x] = Math.clamp(value, 0f, 255f);
            }
            MemorySegment.copy(shown, 0, image, ValueLayout.JAVA_FLOAT, 4L * row * side, side);
        }
    }

    private static double around(Mt19937 random, double most) {
        return most * (2 * random.uniform() - 1);
    }

    private void mirror(MemorySegment image) {
        for (int row = 0; row < 3 * side; row++) {
            long at = 4L * row * side;
            MemorySegment.copy(image, ValueLayout.JAVA_FLOAT, at, line, 0, side);
            for (int x = 0; x < side; x++) {
                shown[x] = line[side - 1 - x];
            }
            MemorySegment.copy(shown, 0, image, ValueLayout.JAVA_FLOAT, at, side);
        }
    }
}
