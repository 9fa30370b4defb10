package io.peregrine.ingest.pack;

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
        byte[] indices = bmp.runLengths() ? indices() : null;
        int rowBytes = Math.toIntExact(((long) width * bmp.bits() + 31) / 32 * 4);
        for (int y = 0; y < bmp.height(); y++) {
            int to = 3 * width * (bmp.topDown() ? y : bmp.height() - 1 - y);
            for (int x = 0; x < width; x++, to += 3) {
                if (indices != null) {
                    putIndex(to, indices[y * width + x] & 0xff);
                } else {
                    put(to, bmp.start() + y * rowBytes, x);
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
    private byte[] indices() throws ImageRejectedException {
        byte[] indices = new byte[width * bmp.height()];
        int at = bmp.start();
        int to = 0;
        int x = 0;
        while (to < indices.length) {
            if (at + 2 > in.limit()) {
                throw endsEarly();
            }
            int count = in.get(at) & 0xff;
            int value = in.get(at + 1) & 0xff;
            at += 2;
            if (count > 0) {
                int fitting = Math.max(0, Math.min(count, width - x));
                for (int i = 0; i < fitting; i++) {
                    indices[to++] = (byte) nibble(value, i);
                }
                x += fitting;
            } else if (value == END_OF_ROW) {
                to += (width - to % width) % width;
                x = 0;
            } else if (value == END) {
                throw endsEarly();
            } else if (value == SKIP) {
                if (at + 2 > in.limit()) {
                    throw endsEarly();
                }
                to = (int) Math.min(indices.length, to + (in.get(at) & 0xff) + (long) width * (in.get(at + 1) & 0xff));
                at += 2;
                x = to % width;
            } else {
                int fitting = Math.min(value, indices.length - to);
                int bytes = bmp.bits() == 4 ? (fitting + 1) / 2 : fitting;
                if (at + bytes > in.limit()) {
                    throw endsEarly();
                }
                for (int i = 0; i < fitting; i++) {
                    indices[to++] = (byte) nibble(in.get(at + (bmp.bits() == 4 ? i / 2 : i)) & 0xff, i);
                }
                at += bytes;
                // Literals are padded to an even offset in the file.
                at += at % 2;
                x += value;
            }
        }
        return indices;
    }

    /// @return of 4 bits the high half for even positions, else the low one; of 8 bits the value
    private int nibble(int value, int position) {
        return bmp.bits() == 8 ? value : position % 2 == 0 ? value >> 4 : value & 0xf;
    }

    private static ImageRejectedException endsEarly() {
        return ImageRejectedException.corrupt("the BMP's run lengths end before its last pixel");
    }
}
