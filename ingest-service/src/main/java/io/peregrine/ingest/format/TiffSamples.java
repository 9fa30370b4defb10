package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import java.util.Arrays;

/// What the samples of a TIFF's pixels mean. Only combinations that are proven to be decoded right are accepted.
///
/// @param bits of each sample, 1 to 16
/// @param count samples of a pixel: the colour's, then alpha, then samples that are ignored
/// @param palette u8 [2^bits, 3], or null
record TiffSamples(int bits, int count, Colour colour, Alpha alpha, byte[] palette) {
    enum Colour {
        WHITE_IS_ZERO(1, "grey"),
        BLACK_IS_ZERO(1, "grey"),
        RGB(3, "RGB"),
        PALETTE(1, "a palette"),
        CMYK(4, "CMYK"),
        YCBCR(3, "YCbCr");

        final int samples;
        private final String title;

        Colour(int samples, String title) {
            this.samples = samples;
            this.title = title;
        }

        boolean isGrey() {
            return this == WHITE_IS_ZERO || this == BLACK_IS_ZERO;
        }
    }

    enum Alpha {
        NONE,
        /// The colours are already multiplied by it (extra sample 1).
        MULTIPLIED,
        SEPARATE
    }

    private static final int BITS = 258;
    private static final int COLOUR = 262;
    private static final int SAMPLES = 277;
    private static final int PALETTE = 320;
    private static final int INKS = 332;
    private static final int EXTRA_SAMPLES = 338;
    private static final int FORMAT = 339;
    /// What CorelDRAW 10 wrote for alpha.
    private static final long ALPHA_OF_COREL = 999;

    private static final int EXTRA_SAMPLES_MAX = 3;

    /// @throws ImageRejectedException `IMAGE_UNSUPPORTED` with the property of the samples that is not supported
    static TiffSamples read(TiffDirectory page, TiffBlocks blocks) throws ImageRejectedException {
        int count = (int) Math.min(page.number(SAMPLES, 1), 0xffff);
        requireIntegers(page);
        int bits = bits(page, count);
        Colour colour = colour(page);
        long[] extras = page.numbers(EXTRA_SAMPLES);
        if (extras.length == 0 && colour == Colour.RGB && count == 4) {
            // Without the tag, readers take the fourth sample for alpha.
            extras = new long[] {2};
        }
        if (count != colour.samples + extras.length || extras.length > EXTRA_SAMPLES_MAX) {
            throw Tiff.unsupported("of %s with %d samples a pixel, of which %d are declared as extra"
                    .formatted(colour.title, count, extras.length));
        }
        Alpha alpha = alpha(colour, extras);
        TiffSamples samples =
                new TiffSamples(bits, count, colour, alpha, colour == Colour.PALETTE ? palette(page, bits) : null);
        samples.requireSupported(page, blocks);
        return samples;
    }

    private static void requireIntegers(TiffDirectory page) throws ImageRejectedException {
        for (long format : page.numbers(FORMAT)) {
            switch ((int) format) {
                case 1, 4 -> {}
                case 2 -> throw Tiff.unsupported("of signed integers");
                case 3 -> throw Tiff.unsupported("of floating-point values");
                default -> throw Tiff.unsupported("of sample format %d".formatted(format));
            }
        }
    }

    private static int bits(TiffDirectory page, int count) throws ImageRejectedException {
        long[] bits = page.numbers(BITS);
        long first = bits.length == 0 ? 1 : bits[0];
        if (bits.length > 1 && bits.length < count) {
            throw Tiff.unsupported("of %d samples a pixel that states the bits of %d".formatted(count, bits.length));
        }
        if (Arrays.stream(bits).limit(count).anyMatch(other -> other != first)) {
            throw Tiff.unsupported("whose samples have different numbers of bits");
        }
        if (first < 1 || first > 16) {
            throw Tiff.unsupported("of %d bits a sample".formatted(first));
        }
        return (int) first;
    }

    private static Colour colour(TiffDirectory page) throws ImageRejectedException {
        // If the tag is missing, Pillow and older readers assume 0.
        long code = page.number(COLOUR, 0);
        return switch ((int) code) {
            case 0 -> Colour.WHITE_IS_ZERO;
            case 1 -> Colour.BLACK_IS_ZERO;
            case 2 -> Colour.RGB;
            case 3 -> Colour.PALETTE;
            case 5 -> Colour.CMYK;
            case 6 -> Colour.YCBCR;
            case 4 -> throw Tiff.unsupported("that is a transparency mask");
            case 8, 9, 10 -> throw Tiff.unsupported("of colour space CIELab");
            case 32_803, 34_892 -> throw Tiff.unsupported("of raw sensor data");
            default -> throw Tiff.unsupported("of colour space %d".formatted(code));
        };
    }

    private static Alpha alpha(Colour colour, long[] extras) throws ImageRejectedException {
        if (extras.length == 0) {
            return Alpha.NONE;
        }
        boolean isIgnored = Arrays.stream(extras).skip(1).allMatch(extra -> extra == 0);
        boolean mayHaveAlpha = colour.isGrey() || colour == Colour.RGB || colour == Colour.PALETTE;
        if (isIgnored && extras[0] == 0) {
            return Alpha.NONE;
        }
        if (isIgnored && mayHaveAlpha && (extras[0] == 2 || extras[0] == ALPHA_OF_COREL)) {
            return Alpha.SEPARATE;
        }
        if (isIgnored && mayHaveAlpha && extras[0] == 1 && colour != Colour.PALETTE) {
            return Alpha.MULTIPLIED;
        }
        throw Tiff.unsupported("of %s with extra samples %s".formatted(colour.title, Arrays.toString(extras)));
    }

    /// @return u8: the high bytes of the colour map
    private static byte[] palette(TiffDirectory page, int bits) throws ImageRejectedException {
        long[] map = page.numbers(PALETTE);
        int colours = 1 << bits;
        if (map.length < 3 * colours) {
            throw ImageRejectedException.corrupt(
                    "the TIFF's palette has %d values instead of %d".formatted(map.length, 3 * colours));
        }
        // Some writers fill the map with 8-bit values.
        int shift = Arrays.stream(map).allMatch(value -> value < 256) ? 0 : 8;
        byte[] palette = new byte[3 * colours];
        for (int i = 0; i < colours; i++) {
            for (int c = 0; c < 3; c++) {
                palette[3 * i + c] = (byte) (map[c * colours + i] >> shift);
            }
        }
        return palette;
    }

    private void requireSupported(TiffDirectory page, TiffBlocks blocks) throws ImageRejectedException {
        TiffCompression compression = blocks.compression();
        boolean isWhole = alpha == Alpha.NONE && count == colour.samples;
        boolean isFax = bits == 1 && isWhole && colour.isGrey();
        boolean isJpeg = bits == 8 && isWhole && (colour.isGrey() || colour == Colour.RGB || colour == Colour.YCBCR);
        boolean isJpegOfFour =
                bits == 8 && count == 4 && (colour == Colour.RGB || colour == Colour.CMYK) && !blocks.planes();
        if (compression == TiffCompression.FAX && !isFax
                || compression == TiffCompression.JPEG && !isJpeg && !isJpegOfFour) {
            throw Tiff.unsupported("of %s with %d samples of %d bits, compressed as %s"
                    .formatted(colour.title, count, bits, compression == TiffCompression.FAX ? "fax" : "JPEG"));
        }
        if (colour == Colour.YCBCR && (!isJpeg || blocks.planes() && compression != TiffCompression.JPEG)) {
            throw Tiff.unsupported("of YCbCr with %d samples of %d bits".formatted(count, bits));
        }
        if (colour == Colour.CMYK && (bits != 8 && bits != 16 || page.number(INKS, 1) != 1)) {
            throw Tiff.unsupported("of inks that are not CMYK, or of %d bits a sample".formatted(bits));
        }
        if (blocks.differences() && bits != 8 && bits != 16) {
            throw Tiff.unsupported("with a predictor of %d bits a sample".formatted(bits));
        }
        boolean isReversible = bits <= 8 && compression != TiffCompression.JPEG && colour != Colour.YCBCR;
        if (blocks.reversed() && !isReversible) {
            throw Tiff.unsupported("with reversed bits (fill order 2) of %d bits a sample".formatted(bits));
        }
    }

    /// @return whether OpenCV's decoder (libtiff) reads them
    boolean areDecodedNatively(TiffCompression compression) {
        return compression == TiffCompression.FAX
                || compression == TiffCompression.JPEG && count != 4
                || colour == Colour.YCBCR;
    }
}
