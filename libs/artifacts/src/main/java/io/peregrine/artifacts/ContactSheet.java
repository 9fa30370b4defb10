package io.peregrine.artifacts;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import javax.imageio.ImageIO;

/// Arranges images in rows and columns on a white background, as one PNG.
public final class ContactSheet {
    private static final int MARGIN = 4;
    private static final byte WHITE = (byte) 0xff;

    /// Memory per pixel while the sheet is drawn: the raster, and twice the PNG, which is at worst as large as
    /// the raster.
    private static final int PIXEL_BYTES = 9;

    private final int side;
    private final BufferedImage image;
    /// The image's pixel buffer: three values per pixel, blue first.
    private final byte[] values;

    /// @param side side length of each image
    public ContactSheet(int side, int rows, int columns) {
        this.side = side;
        this.image = new BufferedImage(
                length(side, columns, rows * columns),
                length(side, rows, rows * columns),
                BufferedImage.TYPE_3BYTE_BGR);
        this.values = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
        Arrays.fill(values, WHITE);
    }

    private static int length(int side, int places, int all) {
        int border = all == 1 ? 0 : MARGIN;
        return Math.addExact(Math.multiplyExact(places, side + border), border);
    }

    /// @return maximum bytes of memory that a sheet of this size takes until its PNG is finished
    public static long bytes(int side, int rows, int columns) {
        return (long) PIXEL_BYTES * length(side, columns, rows * columns) * length(side, rows, rows * columns);
    }

    /// Draws an image at a position; values are rounded to whole levels.
    ///
    /// @param pixels f32 [3, side, side], 0 to 255
    public ContactSheet put(int row, int column, float[] pixels) {
        return put(row, column, at -> Math.clamp(Math.round(pixels[at]), 0, 255));
    }

    /// Draws an image of a pack at a position.
    ///
    /// @param pixels u8 [3, side, side]
    public ContactSheet put(int row, int column, MemorySegment pixels) {
        return put(row, column, at -> pixels.get(ValueLayout.JAVA_BYTE, at));
    }

    private ContactSheet put(int row, int column, IntUnaryOperator level) {
        int border = image.getWidth() == side ? 0 : MARGIN;
        int left = border + column * (side + border);
        int top = border + row * (side + border);
        int plane = side * side;
        for (int y = 0; y < side; y++) {
            int to = 3 * ((top + y) * image.getWidth() + left);
            for (int at = y * side; at < (y + 1) * side; at++) {
                values[to++] = (byte) level.applyAsInt(2 * plane + at);
                values[to++] = (byte) level.applyAsInt(plane + at);
                values[to++] = (byte) level.applyAsInt(at);
            }
        }
        return this;
    }

    public byte[] png() {
        // Noise does not compress. With this capacity the buffer never has to grow and be copied.
        ByteArrayOutputStream png = new ByteArrayOutputStream(values.length + values.length / 100 + 4096);
        try {
            // Do not use a cache file: the temp folder may be read-only.
            ImageIO.setUseCache(false);
            ImageIO.write(image, "png", png);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return png.toByteArray();
    }
}
