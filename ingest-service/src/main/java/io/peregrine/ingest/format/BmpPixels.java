package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Decodes the pixels of a BMP to RGB over white. Memory: the result, and a byte for each pixel of run lengths.
final class BmpPixels {
    private static final int END_OF_ROW = 0;
    private static final int END = 1;
    private static final int SKIP = 2;

    private final Bmp bmp;
    private final ByteBuffer in;
    private final int width;
    private final byte[] rgb;
    private final byte[] palette;

    /// Read position of run lengths, and number of pixels that are filled and column of the next one.
    private int at;

    private int filled;
    private int column;
    private byte[] indices;

    BmpPixels(Bmp bmp, byte[] file) {
        this.bmp = bmp;
        this.in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        this.width = bmp.width();
        this.rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, bmp.height()))];
        this.palette = bmp.bits() <= 8 ? palette(bmp, in) : null;
    }

    /// Colours that are not in the palette are black, or the grey of their index if all others are that.
    private static byte[] palette(Bmp bmp, ByteBuffer in) {
        byte[] palette = new byte[3 * 256];
        boolean greys = true;
        for (int i = 0; i < bmp.colours(); i++) {
            int at = bmp.paletteStart() + i * bmp.paletteEntry();
            for (int c = 0; c < 3 && at + 2 < in.limit(); c++) {
                palette[3 * i + c] = in.get(at + 2 - c);
                greys &= palette[3 * i + c] == (byte) i;
            }
        }
        for (int i = 3 * bmp.colours(); greys && i < palette.length; i++) {
            palette[i] = (byte) (i / 3);
        }
        return palette;
    }

    /// @throws ImageRejectedException if run lengths end before the last pixel
    Raster decode() throws ImageRejectedException {
        if (bmp.runLengths()) {
            undoRunLengths();
        }
        int rowBytes = Math.toIntExact(((long) width * bmp.bits() + 31) / 32 * 4);
        for (int y = 0; y < bmp.height(); y++) {
            int begin = 3 * width * (bmp.topDown() ? y : bmp.height() - 1 - y);
            for (int x = 0; x < width; x++) {
                if (indices != null) {
                    putIndex(begin + 3 * x, indices[y * width + x] & 0xff);
                } else {
                    put(begin + 3 * x, bmp.start() + y * rowBytes, x);
                }
            }
        }
        return new Raster(width, bmp.height(), rgb);
    }

    private void put(int to, int row, int x) {
        int bits = bmp.bits();
        switch (bits) {
            case 24 -> {
                for (int c = 0; c < 3; c++) {
                    rgb[to + c] = in.get(row + 3 * x + 2 - c);
                }
            }
            case 32 -> {
                int pixel = in.getInt(row + 4 * x);
                int[] masks = bmp.masks();
                int alpha = masks[3] == 0 ? 255 : value(pixel, masks[3]);
                for (int c = 0; c < 3; c++) {
                    rgb[to + c] = Raster.overWhite(value(pixel, masks[c]), alpha);
                }
            }
            default -> {
                int perByte = 8 / bits;
                int shift = (perByte - 1 - x % perByte) * bits;
                putIndex(to, (in.get(row + x / perByte) & 0xff) >> shift & (1 << bits) - 1);
            }
        }
    }

    private static int value(int pixel, int mask) {
        return (pixel & mask) >>> Integer.numberOfTrailingZeros(mask);
    }

    private void putIndex(int to, int index) {
        System.arraycopy(palette, 3 * index, rgb, to, 3);
    }

    /// Undoes the run lengths as Pillow does: what is skipped has index 0.
    private void undoRunLengths() throws ImageRejectedException {
        indices = new byte[width * bmp.height()];
        at = bmp.start();
        while (filled < indices.length) {
            int count = next();
            int value = next();
            if (count > 0) {
                int fitting = Math.max(0, Math.min(Math.min(count, width - column), indices.length - filled));
                for (int i = 0; i < fitting; i++) {
                    indices[filled++] = (byte) nibble(value, i);
                }
                column += fitting;
            } else {
                switch (value) {
                    case END_OF_ROW -> {
                        filled += (width - filled % width) % width;
                        column = 0;
                    }
                    case END -> throw endsEarly();
                    case SKIP -> {
                        long skipped = next() + (long) width * next();
                        filled = (int) Math.min(indices.length, filled + skipped);
                        column = filled % width;
                    }
                    default -> copyLiterals(value);
                }
            }
        }
    }

    private void copyLiterals(int count) throws ImageRejectedException {
        int fitting = Math.min(count, indices.length - filled);
        int value = 0;
        for (int i = 0; i < fitting; i++) {
            value = bmp.bits() == 8 || i % 2 == 0 ? next() : value;
            indices[filled++] = (byte) nibble(value, i);
        }
        // Literals are padded to an even offset in the file.
        at += at % 2;
        column += count;
    }

    private int next() throws ImageRejectedException {
        if (at >= in.limit()) {
            throw endsEarly();
        }
        return in.get(at++) & 0xff;
    }

    /// @return of 4 bits the high half for even positions, else the low one; of 8 bits the value
    private int nibble(int value, int position) {
        return bmp.bits() == 8 ? value : position % 2 == 0 ? value >> 4 : value & 0xf;
    }

    private static ImageRejectedException endsEarly() {
        return ImageRejectedException.corrupt("the BMP's run lengths end before its last pixel");
    }
}
