package io.peregrine.ingest.format;

import io.peregrine.ingest.format.Png.Colour;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// Decodes the pixels of a PNG to RGB over white: inflate, undo the filters, undo the interlacing (PNG
/// specification, sections 7 to 10). Memory: two rows and the result.
/// [ImageDecoder#SIDE_MAX] bounds the rows.
final class PngPixels implements AutoCloseable {
    /// Adam7: first column, first row, column step, row step of each pass.
    private static final int[][] ADAM7 = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private static final int[][] ONE_PASS = {{0, 0, 1, 1}};
    /// Maximum number of bytes that one byte of deflated data can represent.
    private static final long DEFLATE_AT_MOST = 1_032;

    private final Png png;
    private final Inflater inflater = new Inflater();
    private int nextChunk;
    private final int[] sample = new int[4];
    private final int key;

    private PngPixels(Png png) {
        this.png = png;
        this.key = transparentColour(png);
    }

    /// @throws ImageRejectedException if the data ends or breaks before the last pixel
    static Raster decode(Png png) throws ImageRejectedException {
        try (PngPixels pixels = new PngPixels(png)) {
            return pixels.decode();
        }
    }

    @Override
    public void close() {
        inflater.end();
    }

    private Raster decode() throws ImageRejectedException {
        int width = png.width();
        int height = png.height();
        long deflated = png.data().stream().mapToLong(ByteBuffer::remaining).sum();
        if ((long) width * height * png.depth() / 8 > DEFLATE_AT_MOST * (deflated + 1)) {
            // So little data cannot fill the image, so memory for it need not be allocated.
            throw endsEarly();
        }
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        int bits = png.depth() * png.colour().channels;
        for (int[] pass : png.interlaced() ? ADAM7 : ONE_PASS) {
            int columns = (width - pass[0] + pass[2] - 1) / pass[2];
            int rows = (height - pass[1] + pass[3] - 1) / pass[3];
            if (columns <= 0 || rows <= 0) {
                continue;
            }
            int rowBytes = (int) (((long) columns * bits + 7) / 8);
            byte[] row = new byte[rowBytes + 1];
            byte[] above = new byte[rowBytes + 1];
            for (int y = 0; y < rows; y++) {
                inflate(row);
                unfilter(row, above, Math.max(1, bits / 8));
                int to = 3 * ((pass[1] + y * pass[3]) * width + pass[0]);
                for (int x = 0; x < columns; x++, to += 3 * pass[2]) {
                    paint(row, x, rgb, to);
                }
                byte[] done = row;
                row = above;
                above = done;
            }
        }
        return new Raster(width, height, rgb);
    }

    private void inflate(byte[] row) throws ImageRejectedException {
        int at = 0;
        try {
            while (at < row.length) {
                int n = inflater.inflate(row, at, row.length - at);
                at += n;
                if (n == 0) {
                    if (inflater.finished() || inflater.needsDictionary()) {
                        throw ImageRejectedException.corrupt("the PNG's data ends before its last pixel");
                    }
                    if (nextChunk == png.data().size()) {
                        throw endsEarly();
                    }
                    inflater.setInput(png.data().get(nextChunk++));
                }
            }
        } catch (DataFormatException e) {
            throw ImageRejectedException.corrupt("the PNG's data cannot be inflated: " + e.getMessage());
        }
    }

    private ImageRejectedException endsEarly() {
        return png.cut()
                ? ImageRejectedException.truncated("the PNG ends before its last pixel")
                : ImageRejectedException.corrupt("the PNG's data ends before its last pixel");
    }

    private static void unfilter(byte[] row, byte[] above, int step) throws ImageRejectedException {
        switch (row[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = step + 1; i < row.length; i++) {
                    row[i] += row[i - step];
                }
            }
            case 2 -> {
                for (int i = 1; i < row.length; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> {
                for (int i = 1; i < row.length; i++) {
                    int left = i > step ? row[i - step] & 0xff : 0;
                    row[i] += (byte) ((left + (above[i] & 0xff)) >> 1);
                }
            }
            case 4 -> {
                for (int i = 1; i < row.length; i++) {
                    int left = i > step ? row[i - step] & 0xff : 0;
                    int corner = i > step ? above[i - step] & 0xff : 0;
                    row[i] += (byte) paeth(left, above[i] & 0xff, corner);
                }
            }
            default ->
                throw ImageRejectedException.corrupt(
                        "the PNG has a row filter %d; 0 to 4 are allowed".formatted(row[0]));
        }
    }

    private static int paeth(int left, int above, int corner) {
        int toLeft = Math.abs(above - corner);
        int toAbove = Math.abs(left - corner);
        int toCorner = Math.abs(left + above - 2 * corner);
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }

    private void paint(byte[] row, int x, byte[] rgb, int to) throws ImageRejectedException {
        Colour colour = png.colour();
        int channels = colour.channels;
        for (int c = 0; c < channels; c++) {
            sample[c] = value(row, x * channels + c);
        }
        int alpha = 255;
        int red = sample[0];
        int green = red;
        int blue = red;
        switch (colour) {
            case GREY -> alpha = red == key ? 0 : 255;
            case GREY_ALPHA -> alpha = sample[1];
            case RGB, RGB_ALPHA -> {
                green = sample[1];
                blue = sample[2];
                alpha = colour == Colour.RGB_ALPHA ? sample[3] : (red << 16 | green << 8 | blue) == key ? 0 : 255;
            }
            case PALETTE -> {
                byte[] palette = png.palette();
                int index = red;
                if (3 * index + 2 >= palette.length) {
                    throw ImageRejectedException.corrupt(
                            "the PNG uses colour %d of a palette of %d".formatted(index, palette.length / 3));
                }
                red = palette[3 * index] & 0xff;
                green = palette[3 * index + 1] & 0xff;
                blue = palette[3 * index + 2] & 0xff;
                byte[] alphas = png.transparency();
                alpha = alphas != null && index < alphas.length ? alphas[index] & 0xff : 255;
            }
        }
        rgb[to] = Raster.overWhite(red, alpha);
        rgb[to + 1] = Raster.overWhite(green, alpha);
        rgb[to + 2] = Raster.overWhite(blue, alpha);
    }

    /// @return 0 to 255; for a palette, the index unchanged
    private int value(byte[] row, int index) {
        int depth = png.depth();
        if (depth == 8) {
            return row[1 + index] & 0xff;
        }
        if (depth == 16) {
            return Raster.eightBits((row[1 + 2 * index] & 0xff) << 8 | row[2 + 2 * index] & 0xff);
        }
        int perByte = 8 / depth;
        int greatest = (1 << depth) - 1;
        int value = row[1 + index / perByte] >> (perByte - 1 - index % perByte) * depth & greatest;
        return png.colour() == Colour.PALETTE ? value : value * (255 / greatest);
    }

    /// The colour that `tRNS` makes transparent, as 8-bit values; −1 if there is none. With 16 bits it is
    /// ignored, as in Pillow.
    private static int transparentColour(Png png) {
        byte[] key = png.transparency();
        if (key == null || png.depth() == 16) {
            return -1;
        }
        if (png.colour() == Colour.GREY && key.length >= 2) {
            return (key[1] & 0xff) * (255 / ((1 << png.depth()) - 1));
        }
        if (png.colour() == Colour.RGB && key.length >= 6) {
            return (key[1] & 0xff) << 16 | (key[3] & 0xff) << 8 | key[5] & 0xff;
        }
        return -1;
    }
}
