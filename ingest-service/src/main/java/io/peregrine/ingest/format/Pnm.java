package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;

/// Portable pixmaps, P1 to P6 (netpbm's pbm, pgm and ppm, plain and raw), with any maximum value up to 65,535.
///
/// @param kind 1 to 6
/// @param greatest the maximum value, which is white
/// @param start offset of the pixels in the file
record Pnm(int kind, int width, int height, int greatest, int start) implements ImageHeader {

    static boolean matches(byte[] file) {
        return file.length > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6' && isSpace(file[2]);
    }

    static Pnm read(byte[] file) throws ImageRejectedException {
        int kind = file[1] - '0';
        Scanner in = new Scanner(file, 2);
        int width = in.number();
        int height = in.number();
        int greatest = kind == 1 || kind == 4 ? 1 : in.number();
        if (greatest < 1 || greatest > 65_535) {
            throw ImageRejectedException.corrupt(
                    "the pixmap's maximum value is %d; 1 to 65535 is allowed".formatted(greatest));
        }
        return new Pnm(kind, width, height, greatest, in.at + 1);
    }

    @Override
    public Format format() {
        return Format.PNM;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        int channels = kind == 3 || kind == 6 ? 3 : 1;
        int values = Math.multiplyExact(channels, Math.multiplyExact(width, height));
        long rowBytes = kind == 4 ? (width + 7L) / 8 : (long) width * channels * (greatest > 255 ? 2 : 1);
        if (kind >= 4 && start + rowBytes * height > file.length) {
            throw ImageRejectedException.truncated("the pixmap has %,d bytes of pixels instead of %,d"
                    .formatted(Math.max(0, file.length - start), rowBytes * height));
        }
        if (kind < 4 && values > file.length - start + 1) {
            // Each value takes at least one byte, so memory for so large an image need not be allocated.
            throw ImageRejectedException.truncated("the pixmap ends before its last pixel");
        }
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        Scanner plain = new Scanner(file, start - 1);
        for (int i = 0; i < values; i++) {
            int value = switch (kind) {
                case 1 -> 1 - plain.bit();
                case 4 -> {
                    int x = i % width;
                    yield 1 - (file[start + i / width * (int) rowBytes + x / 8] >> (7 - x % 8) & 1);
                }
                case 2, 3 -> plain.number();
                default ->
                    greatest > 255
                            ? (file[start + 2 * i] & 0xff) << 8 | file[start + 2 * i + 1] & 0xff
                            : file[start + i] & 0xff;
            };
            if (value < 0 || value > greatest) {
                throw ImageRejectedException.corrupt(
                        "the pixmap has the value %d, above its maximum %d".formatted(value, greatest));
            }
            byte eight = (byte) (int) Math.rint((double) value / greatest * 255);
            if (channels == 3) {
                rgb[i] = eight;
            } else {
                rgb[3 * i] = eight;
                rgb[3 * i + 1] = eight;
                rgb[3 * i + 2] = eight;
            }
        }
        return new Raster(width, height, rgb);
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c >= 9 && c <= 13;
    }

    /// Reads numbers in text, with `#` comments between them.
    private static final class Scanner {
        private final byte[] file;
        private int at;

        Scanner(byte[] file, int at) {
            this.file = file;
            this.at = at;
        }

        int number() throws ImageRejectedException {
            skip();
            int begin = at;
            int number = 0;
            while (at < file.length && file[at] >= '0' && file[at] <= '9' && at - begin < 9) {
                number = 10 * number + file[at++] - '0';
            }
            if (begin == at) {
                throw at == file.length
                        ? ImageRejectedException.truncated("the pixmap ends where a number is expected")
                        : ImageRejectedException.corrupt("the pixmap has no number at byte %,d".formatted(at));
            }
            return number;
        }

        int bit() throws ImageRejectedException {
            skip();
            if (at == file.length) {
                throw ImageRejectedException.truncated("the pixmap ends before its last pixel");
            }
            return file[at++] - '0';
        }

        private void skip() {
            while (at < file.length && (isSpace(file[at]) || file[at] == '#')) {
                if (file[at] == '#') {
                    while (at < file.length && file[at] != '\n') {
                        at++;
                    }
                } else {
                    at++;
                }
            }
        }
    }
}
