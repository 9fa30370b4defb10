package io.peregrine.artifacts;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import javax.imageio.ImageIO;

/// Pictures in rows and columns on white, as one PNG.
public final class Sheet {
    private static final int MARGIN = 4;
    private static final int WHITE = 0xffffff;

    private final int side;
    private final BufferedImage image;

    /// @param side of each picture
    public Sheet(int side, int rows, int columns) {
        this.side = side;
        int border = rows * columns == 1 ? 0 : MARGIN;
        this.image = new BufferedImage(
                columns * (side + border) + border, rows * (side + border) + border, BufferedImage.TYPE_INT_RGB);
        int[] white = new int[image.getWidth()];
        Arrays.fill(white, WHITE);
        for (int y = 0; y < image.getHeight(); y++) {
            image.setRGB(0, y, image.getWidth(), 1, white, 0, 0);
        }
    }

    /// Puts a picture in its place; values are rounded to whole levels.
    ///
    /// @param pixels f32 [3, side, side], 0 to 255
    public Sheet put(int row, int column, float[] pixels) {
        int border = image.getWidth() == side ? 0 : MARGIN;
        int left = border + column * (side + border);
        int top = border + row * (side + border);
        int plane = side * side;
        for (int at = 0; at < plane; at++) {
            int colour = level(pixels[at]) << 16 | level(pixels[plane + at]) << 8 | level(pixels[2 * plane + at]);
            image.setRGB(left + at % side, top + at / side, colour);
        }
        return this;
    }

    /// Puts a picture of a pack in its place.
    ///
    /// @param pixels u8 [3, side, side]
    public Sheet put(int row, int column, MemorySegment pixels) {
        float[] values = new float[3 * side * side];
        for (int at = 0; at < values.length; at++) {
            values[at] = pixels.get(ValueLayout.JAVA_BYTE, at) & 0xff;
        }
        return put(row, column, values);
    }

    private static int level(float value) {
        return Math.clamp(Math.round(value), 0, 255);
    }

    public byte[] png() {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            // No cache file: the temp folder may be read-only.
            ImageIO.setUseCache(false);
            ImageIO.write(image, "png", png);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return png.toByteArray();
    }
}
