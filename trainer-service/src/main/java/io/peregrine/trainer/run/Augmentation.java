package io.peregrine.trainer.run;

import io.peregrine.events.RunSpec.Augment;
import io.peregrine.random.Mt19937;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What is done to a picture each time that it is learnt from: another thing in each epoch, the same in a
/// training that was resumed.
///
/// @param kind not `NONE`
/// @param seed of the training
/// @param epoch from 1
/// @param side of the pictures
record Augmentation(Augment kind, long seed, int epoch, int side) {
    /// Share of the side that a picture is moved by at most.
    private static final double MOVED = 0.125;
    /// How much brightness and contrast change at most.
    private static final double CHANGED = 0.2;

    private static final double GREY = 127.5;

    /// Changes one picture in place. What comes in at an edge repeats the edge.
    ///
    /// @param picture f32 [3, side, side], 0 to 255, and so it stays
    /// @param place of the row in the epoch's order
    void change(MemorySegment picture, int place) {
        Mt19937 random = new Mt19937(Position.augmentation(seed, epoch, place));
        boolean mirrored = random.uniform() < 0.5;
        if (kind == Augment.FLIP) {
            if (mirrored) {
                redraw(picture, true, 0, 0, 1, 0);
            }
            return;
        }
        int down = moved(random);
        int right = moved(random);
        double contrast = changed(random);
        double brightness = changed(random);
        redraw(picture, mirrored, down, right, contrast * brightness, GREY * (1 - contrast) * brightness);
    }

    private int moved(Mt19937 random) {
        int most = (int) (side * MOVED);
        return (int) (random.uniform() * (2 * most + 1)) - most;
    }

    private static double changed(Mt19937 random) {
        return 1 + CHANGED * (2 * random.uniform() - 1);
    }

    private void redraw(MemorySegment picture, boolean mirrored, int down, int right, double times, double plus) {
        float[] from = picture.toArray(ValueLayout.JAVA_FLOAT);
        for (int channel = 0; channel < 3; channel++) {
            for (int y = 0; y < side; y++) {
                int row = (channel * side + Math.clamp(y - down, 0, side - 1)) * side;
                for (int x = 0; x < side; x++) {
                    int column = Math.clamp(x - right, 0, side - 1);
                    float value = from[row + (mirrored ? side - 1 - column : column)];
                    picture.setAtIndex(ValueLayout.JAVA_FLOAT, ((long) channel * side + y) * side + x, (float)
                            Math.clamp(value * times + plus, 0, 255));
                }
            }
        }
    }
}
