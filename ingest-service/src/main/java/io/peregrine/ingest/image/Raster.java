package io.peregrine.ingest.image;

/// A decoded image.
///
/// @param rgb u8 [height, width, 3]
public record Raster(int width, int height, byte[] rgb) {
    public Raster {
        if (rgb.length != 3 * width * height) {
            throw new IllegalArgumentException(
                    "%d bytes do not match %d x %d pixels of 3 values".formatted(rgb.length, width, height));
        }
    }

    /// Rotates and mirrors according to EXIF's orientation, which states where the stored first row and column
    /// are.
    ///
    /// @param orientation 1 to 8; any other value is treated as 1
    public Raster applyOrientation(int orientation) {
        if (orientation < 2 || orientation > 8) {
            return this;
        }
        boolean transposed = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int newWidth = transposed ? height : width;
        int newHeight = transposed ? width : height;
        byte[] turned = new byte[rgb.length];
        int at = 0;
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                int column = transposed ? y : x;
                int row = transposed ? x : y;
                int from =
                        3 * ((fromBottom ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column));
                turned[at++] = rgb[from];
                turned[at++] = rgb[from + 1];
                turned[at++] = rgb[from + 2];
            }
        }
        return new Raster(newWidth, newHeight, turned);
    }

    /// Composites one value over white, rounded as Pillow's `alpha_composite` does.
    ///
    /// @param value 0 to 255
    /// @param alpha 0 (transparent) to 255
    public static byte overWhite(int value, int alpha) {
        int scaled = 128 * (value * alpha + 255 * (255 - alpha)) + (0x80 << 7);
        return (byte) (((scaled >> 8) + scaled) >> 15);
    }

    /// 16 bits to 8: v / 257, rounded. (Dropping the low byte, as many decoders do, makes images darker.)
    public static int eightBits(int sixteen) {
        return (sixteen + 128) / 257;
    }
}
