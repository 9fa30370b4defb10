package io.peregrine.balance.neighbours;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.events.Split;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Finds the real images of other classes that are nearest to a synthetic image.
public final class NearestOtherClass {
    private NearestOtherClass() {}

    /// @param row of the manifest
    /// @param distance Euclidean, over all values 0 to 255
    public record Image(int row, double distance) {}

    /// Compares with all training images of other classes.
    ///
    /// @param made f32 [values]
    /// @param label class whose images are excluded
    /// @return nearest first, by (distance, row)
    public static List<Image> of(float[] made, int label, Manifest manifest, PixelRows pixels, int most) {
        return Arrays.stream(manifest.rowsOf(Split.TRAIN))
                .filter(row -> manifest.label(row) != label)
                .parallel()
                .mapToObj(row -> new Image(row, distance(made, pixels.image(row))))
                .sorted(Comparator.comparingDouble(Image::distance).thenComparingInt(Image::row))
                .limit(most)
                .toList();
    }

    /// @param image u8 [values]
    public static double distance(float[] made, MemorySegment image) {
        double sum = 0;
        for (int i = 0; i < made.length; i++) {
            double difference = made[i] - (image.get(ValueLayout.JAVA_BYTE, i) & 0xff);
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }
}
