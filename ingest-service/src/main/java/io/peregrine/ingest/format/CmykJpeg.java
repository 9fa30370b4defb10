package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/// Decodes a JPEG of four components, CMYK or YCCK.
final class CmykJpeg {
    private CmykJpeg() {}

    /// Converts CMYK to RGB as Pillow does: R = K'·C' / 255, rounded, of the inverted values that Adobe's files
    /// contain. OpenCV rounds down. The JDK's reader returns the four channels unconverted.
    static Raster decode(Jpeg jpeg, byte[] file) throws ImageRejectedException {
        byte[] inks = samples(jpeg, file);
        int pixels = jpeg.width() * jpeg.height();
        byte[] rgb = new byte[3 * pixels];
        int[] ink = new int[4];
        for (int i = 0; i < pixels; i++) {
            for (int c = 0; c < 4; c++) {
                ink[c] = inks[4 * i + c] & 0xff;
            }
            if (jpeg.adobeTransform() == 2) {
                fromYcck(ink);
            }
            for (int c = 0; c < 3; c++) {
                // Pillow: K − MULDIV255(255 − C', K), clipped; C' and K as stored.
                int product = (255 - ink[c]) * ink[3] + 128;
                rgb[3 * i + c] = (byte) Math.max(0, ink[3] - (((product >> 8) + product) >> 8));
            }
        }
        return new Raster(jpeg.width(), jpeg.height(), rgb);
    }

    /// @return u8 [height, width, 4], as stored
    static byte[] samples(Jpeg jpeg, byte[] file) throws ImageRejectedException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, true, true);
            byte[] samples = ((DataBufferByte) reader.readRaster(0, null).getDataBuffer()).getData();
            if (samples.length != 4 * jpeg.width() * jpeg.height()) {
                throw ImageRejectedException.corrupt("the JPEG has %,d values instead of %,d"
                        .formatted(samples.length, 4 * jpeg.width() * jpeg.height()));
            }
            return samples;
        } catch (IOException | RuntimeException e) {
            throw ImageRejectedException.corrupt("the JPEG's pixels cannot be decoded: " + e.getMessage());
        } finally {
            reader.dispose();
        }
    }

    /// YCCK to CMYK with libjpeg's tables (jdcolor.c): 16-bit fixed point, K untouched.
    private static void fromYcck(int[] ink) {
        int y = ink[0];
        int cb = ink[1] - 128;
        int cr = ink[2] - 128;
        int half = 1 << 15;
        int red = y + (fixed(1.40200) * cr + half >> 16);
        int green = y + (-fixed(0.34414) * cb + half - fixed(0.71414) * cr >> 16);
        int blue = y + (fixed(1.77200) * cb + half >> 16);
        ink[0] = clip(255 - red);
        ink[1] = clip(255 - green);
        ink[2] = clip(255 - blue);
    }

    private static int fixed(double factor) {
        return (int) (factor * (1 << 16) + 0.5);
    }

    private static int clip(int value) {
        return Math.clamp(value, 0, 255);
    }
}
