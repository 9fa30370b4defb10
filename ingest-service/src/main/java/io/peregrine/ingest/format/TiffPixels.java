package io.peregrine.ingest.format;

import io.peregrine.ingest.format.TiffSamples.Alpha;
import io.peregrine.ingest.format.TiffSamples.Colour;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteOrder;

/// Decodes the pixels of a TIFF to RGB over white: decompress, undo the differences, put planes together. Memory:
/// a row of each plane and the result. [ImageDecoder#SIDE_MAX] bounds the row.
///
/// Samples become 8 bits by v · 255 / (2^bits − 1), rounded; then alpha is applied.
final class TiffPixels {
    private final Tiff tiff;
    private final byte[] file;
    private final TiffSamples samples;
    private final TiffBlocks blocks;
    private final byte[] rgb;
    /// Whether the rows are stored as the result has them, which is the most frequent case.
    private final boolean isRgb;
    /// The 8-bit value of each possible sample.
    private final byte[] eight;

    TiffPixels(Tiff tiff, byte[] file) {
        this.tiff = tiff;
        this.file = file;
        this.samples = tiff.samples();
        this.blocks = tiff.blocks();
        this.rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(tiff.width(), tiff.height()))];
        this.isRgb = samples.colour() == Colour.RGB && samples.bits() == 8 && samples.count() == 3 && !blocks.planes();
        this.eight = eightBits(samples);
    }

    private static byte[] eightBits(TiffSamples samples) {
        int greatest = (1 << samples.bits()) - 1;
        byte[] eight = new byte[greatest + 1];
        for (int value = 0; value <= greatest; value++) {
            eight[value] = (byte) ((2 * 255 * value + greatest) / (2 * greatest));
        }
        return eight;
    }

    /// @throws ImageRejectedException if the data ends or breaks before the last pixel
    Raster decode() throws ImageRejectedException {
        int across = (tiff.width() + blocks.width() - 1) / blocks.width();
        int down = (tiff.height() + blocks.height() - 1) / blocks.height();
        for (int row = 0; row < down; row++) {
            for (int column = 0; column < across; column++) {
                decodeBlock(row, column, across, across * down);
            }
        }
        return new Raster(tiff.width(), tiff.height(), rgb);
    }

    /// @param ofAPlane blocks of one plane
    private void decodeBlock(int row, int column, int across, int ofAPlane) throws ImageRejectedException {
        int planes = blocks.planes() ? samples.count() : 1;
        int samplesOfARow = samples.count() / planes;
        int left = column * blocks.width();
        int top = row * blocks.height();
        int columns = Math.min(blocks.width(), tiff.width() - left);
        int rows = Math.min(blocks.height(), tiff.height() - top);
        byte[] packed = new byte[Math.toIntExact(((long) blocks.width() * samplesOfARow * samples.bits() + 7) / 8)];
        int[] values = new int[Math.multiplyExact(columns, samples.count())];
        TiffData[] data = new TiffData[planes];
        try {
            for (int plane = 0; plane < planes; plane++) {
                int block = plane * ofAPlane + row * across + column;
                data[plane] = TiffData.open(blocks, blocks.data(file, block));
            }
            for (int y = 0; y < rows; y++) {
                for (int plane = 0; plane < planes; plane++) {
                    data[plane].read(packed);
                    if (blocks.differences()) {
                        undoDifferences(packed, samplesOfARow);
                    }
                    if (!isRgb) {
                        unpack(packed, columns * samplesOfARow, values, plane, planes);
                    }
                }
                int begin = 3 * ((top + y) * tiff.width() + left);
                if (isRgb) {
                    System.arraycopy(packed, 0, rgb, begin, 3 * columns);
                } else {
                    paint(values, columns, begin);
                }
            }
        } finally {
            for (TiffData one : data) {
                if (one != null) {
                    one.close();
                }
            }
        }
    }

    private void undoDifferences(byte[] row, int step) {
        if (samples.bits() == 8) {
            for (int i = step; i < row.length; i++) {
                row[i] += row[i - step];
            }
            return;
        }
        int high = blocks.order() == ByteOrder.BIG_ENDIAN ? 0 : 1;
        for (int i = 2 * step; i + 1 < row.length; i += 2) {
            int sum = sixteen(row, i, high) + sixteen(row, i - 2 * step, high);
            row[i + high] = (byte) (sum >> 8);
            row[i + 1 - high] = (byte) sum;
        }
    }

    private static int sixteen(byte[] row, int at, int high) {
        return (row[at + high] & 0xff) << 8 | row[at + 1 - high] & 0xff;
    }

    /// @param count samples to unpack
    /// @param first index of the first one in the values
    /// @param step between their indices
    private void unpack(byte[] row, int count, int[] values, int first, int step) {
        int bits = samples.bits();
        int high = blocks.order() == ByteOrder.BIG_ENDIAN ? 0 : 1;
        int mask = (1 << bits) - 1;
        for (int i = 0, to = first; i < count; i++, to += step) {
            if (bits == 8) {
                values[to] = row[i] & 0xff;
            } else if (bits == 16) {
                values[to] = sixteen(row, 2 * i, high);
            } else {
                // The highest bit comes first, in either byte order. A sample of up to 15 bits spans three bytes.
                long bit = (long) i * bits;
                int at = (int) (bit / 8);
                int three = (row[at] & 0xff) << 16
                        | (at + 1 < row.length ? row[at + 1] & 0xff : 0) << 8
                        | (at + 2 < row.length ? row[at + 2] & 0xff : 0);
                values[to] = three >> 24 - bit % 8 - bits & mask;
            }
        }
    }

    private void paint(int[] values, int columns, int begin) {
        int to = begin;
        Colour colour = samples.colour();
        for (int x = 0; x < columns; x++, to += 3) {
            int from = x * samples.count();
            int alpha = samples.alpha() == Alpha.NONE ? 255 : eight(values[from + colour.samples]);
            switch (colour) {
                case PALETTE -> {
                    int at = 3 * values[from];
                    byte[] palette = samples.palette();
                    put(to, palette[at] & 0xff, palette[at + 1] & 0xff, palette[at + 2] & 0xff, alpha);
                }
                case WHITE_IS_ZERO, BLACK_IS_ZERO -> {
                    int value = eight(values[from]);
                    int grey = colour == Colour.WHITE_IS_ZERO ? 255 - value : value;
                    put(to, grey, grey, grey, alpha);
                }
                case RGB -> put(to, eight(values[from]), eight(values[from + 1]), eight(values[from + 2]), alpha);
                case CMYK -> {
                    int black = 255 - eight(values[from + 3]);
                    put(
                            to,
                            ink(eight(values[from]), black),
                            ink(eight(values[from + 1]), black),
                            ink(eight(values[from + 2]), black),
                            255);
                }
                case YCBCR -> throw new IllegalStateException("YCbCr is decoded natively");
            }
        }
    }

    private int eight(int value) {
        return eight[value] & 0xff;
    }

    /// Pillow's conversion of CMYK: K − C · K / 255, rounded, where K is what black ink leaves.
    private static int ink(int ink, int black) {
        int product = ink * black + 128;
        return Math.max(0, black - (((product >> 8) + product) >> 8));
    }

    private void put(int to, int red, int green, int blue, int alpha) {
        rgb[to] = overWhite(red, alpha);
        rgb[to + 1] = overWhite(green, alpha);
        rgb[to + 2] = overWhite(blue, alpha);
    }

    private byte overWhite(int value, int alpha) {
        if (samples.alpha() != Alpha.MULTIPLIED) {
            return Raster.overWhite(value, alpha);
        }
        // As Pillow does: divided by alpha first, rounded down.
        return Raster.overWhite(alpha == 0 ? 0 : Math.min(255, 255 * value / alpha), alpha);
    }
}
