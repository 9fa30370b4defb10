package io.peregrine.cluster.rest;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import javax.imageio.ImageIO;

/// A pack's pixels as a PNG.
final class Png {
    private Png() {}

    /// @param pixels u8 [3, side, side], RGB
    static byte[] of(MemorySegment pixels, int side) {
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        long plane = (long) side * side;
        for (int at = 0; at < plane; at++) {
            int red = pixels.get(ValueLayout.JAVA_BYTE, at) & 0xff;
            int green = pixels.get(ValueLayout.JAVA_BYTE, plane + at) & 0xff;
            int blue = pixels.get(ValueLayout.JAVA_BYTE, 2 * plane + at) & 0xff;
            image.setRGB(at % side, at / side, red << 16 | green << 8 | blue);
        }
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
