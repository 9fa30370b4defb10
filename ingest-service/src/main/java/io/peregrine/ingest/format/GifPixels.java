package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;

/// Decodes the pixels of a GIF's first frame to RGB over white. LZW with codes of 2 to 12 bits (GIF89a
/// specification, appendix F). Memory: the code table and the result.
final class GifPixels {
    private static final int CODES = 4_096;
    /// First row and row step of each pass.
    private static final int[][] FOUR_PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

    private static final int[][] ONE_PASS = {{0, 1}};

    private final Gif gif;
    private final byte[] file;
    private final byte[] rgb;

    /// Read position, and remaining bytes of the current block.
    private int at;

    private int blockLeft;
    private int bits;
    private int bitCount;

    /// Position of the next pixel.
    private int pass;

    private int row;
    private int column;

    private GifPixels(Gif gif, byte[] file) {
        this.gif = gif;
        this.file = file;
        this.at = gif.data();
        this.rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(gif.width(), gif.height()))];
    }

    /// @throws ImageRejectedException if the file is truncated, or its data ends or breaks before the last pixel
    static Raster decode(Gif gif, byte[] file) throws ImageRejectedException {
        gif.requireComplete(file);
        if ((long) gif.columns() * gif.rows() > (long) CODES * (file.length - gif.data())) {
            // No code represents more pixels than this, so memory for so large an image need not be allocated.
            throw endsEarly();
        }
        GifPixels pixels = new GifPixels(gif, file);
        if (gif.columns() < gif.width() || gif.rows() < gif.height()) {
            pixels.paintOutside();
        }
        pixels.decode();
        return new Raster(gif.width(), gif.height(), pixels.rgb);
    }

    private void decode() throws ImageRejectedException {
        int clear = 1 << gif.pixelBits();
        short[] prefix = new short[CODES];
        byte[] last = new byte[CODES];
        byte[] reversed = new byte[CODES];
        int size = gif.pixelBits() + 1;
        int next = clear + 2;
        int previous = -1;
        int first = 0;
        boolean more = true;
        while (more) {
            int code = code(size);
            if (code == clear + 1) {
                throw endsEarly();
            }
            if (code == clear) {
                size = gif.pixelBits() + 1;
                next = clear + 2;
                previous = -1;
                continue;
            }
            if (code > next || (previous < 0 && code > clear)) {
                throw ImageRejectedException.corrupt(
                        "the GIF's data uses code %d before it is defined".formatted(code));
            }
            int length = 0;
            int rest = code;
            if (code == next) {
                // This code is not defined yet: it is the previous string followed by its own first pixel.
                reversed[length++] = (byte) first;
                rest = previous;
            }
            while (rest > clear) {
                reversed[length++] = last[rest];
                rest = prefix[rest];
            }
            first = rest;
            reversed[length++] = (byte) first;
            if (previous >= 0 && next < CODES) {
                prefix[next] = (short) previous;
                last[next++] = (byte) first;
                size += next == 1 << size && size < 12 ? 1 : 0;
            }
            previous = code;
            while (length > 0 && more) {
                more = paintNext(reversed[--length] & 0xff);
            }
        }
    }

    private int code(int size) throws ImageRejectedException {
        while (bitCount < size) {
            while (blockLeft == 0) {
                blockLeft = file[at++] & 0xff;
                if (blockLeft == 0) {
                    throw endsEarly();
                }
            }
            bits |= (file[at++] & 0xff) << bitCount;
            bitCount += 8;
            blockLeft--;
        }
        int code = bits & (1 << size) - 1;
        bits >>>= size;
        bitCount -= size;
        return code;
    }

    /// @return whether another pixel follows
    private boolean paintNext(int index) {
        paint(3 * ((gif.top() + row) * gif.width() + gif.left() + column), index);
        if (++column < gif.columns()) {
            return true;
        }
        column = 0;
        int[][] passes = gif.interlaced() ? FOUR_PASSES : ONE_PASS;
        row += passes[pass][1];
        while (row >= gif.rows() && ++pass < passes.length) {
            row = passes[pass][0];
        }
        return pass < passes.length;
    }

    /// Fills the canvas. Each copy doubles the filled length.
    private void paintOutside() {
        paint(0, Math.max(0, gif.transparent()));
        for (int done = 3; done < rgb.length; done += done) {
            System.arraycopy(rgb, 0, rgb, done, Math.min(done, rgb.length - done));
        }
    }

    private void paint(int to, int index) {
        for (int c = 0; c < 3; c++) {
            rgb[to + c] = index == gif.transparent() ? (byte) 255 : gif.palette()[3 * index + c];
        }
    }

    private static ImageRejectedException endsEarly() {
        return ImageRejectedException.corrupt("the GIF's data ends before its last pixel");
    }
}
