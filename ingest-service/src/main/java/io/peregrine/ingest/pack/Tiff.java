package io.peregrine.ingest.pack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;

/// The directories of a TIFF, one per page (TIFF 6.0, section 2). The first page is the one that is decoded, by
/// the native decoder.
final class Tiff {
    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    private static final int SAMPLES = 277;
    private static final int STRIP_OFFSETS = 273;
    private static final int STRIP_BYTES = 279;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    /// A tile of up to this many pixels is accepted however small the image is: it is not a decompression bomb.
    private static final long TILE_PIXELS = 1 << 24;
    /// Tags above this number are not part of TIFF 6.0. They may be broken without harm to the image.
    private static final int LAST_OF_TIFF_6 = 532;
    /// Types of 16 and 32 bits.
    private static final int SHORT = 3;

    private static final int LONG = 4;
    private static final int[] BYTES_OF_TYPES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};

    /// Grey (white or black as zero), RGB, palette, CMYK, YCbCr.
    private static final Set<Long> READ_COLOURS = Set.of(0L, 1L, 2L, 3L, 5L, 6L);

    /// The values of one directory entry.
    private record Values(long at, long count, int type) {}

    private static final Values NONE = new Values(0, 0, SHORT);

    private final ByteBuffer in;
    private int read;
    /// Of the first page: bits per sample, and bytes of all its strips or tiles.
    private long bits = 1;

    private long packed;

    private Tiff(byte[] file) {
        ByteOrder order = file[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        this.in = ByteBuffer.wrap(file).order(order);
    }

    static boolean matches(byte[] file) {
        return file.length >= 4
                && (file[0] == 'I' && file[1] == 'I' && file[2] == 42 && file[3] == 0
                        || file[0] == 'M' && file[1] == 'M' && file[2] == 0 && file[3] == 42);
    }

    /// @throws ImageRejectedException if the file ends within a page, even one that is not decoded
    static Header header(byte[] file) throws ImageRejectedException {
        Tiff tiff = new Tiff(file);
        tiff.requireComplete();
        ByteBuffer in = ByteBuffer.wrap(file);
        if (Exif.tag(in, SAMPLES, 2, 2) == 2) {
            throw ImageRejectedException.unsupported("a TIFF of grey with alpha; save it as RGB or as PNG");
        }
        long colours = Exif.tag(in, PHOTOMETRIC, 0, 0xffff);
        if (!READ_COLOURS.contains(colours)) {
            throw ImageRejectedException.unsupported(
                    "a TIFF of colour space %d (CIELab, raw sensor data or the like); save it as RGB"
                            .formatted(colours));
        }
        int width = (int) Exif.tag(in, WIDTH, 1, Integer.MAX_VALUE);
        int height = (int) Exif.tag(in, HEIGHT, 1, Integer.MAX_VALUE);
        long pixels = (long) width * height;
        // Counted for one sample only, since colours may be stored in lower resolution than the luminance.
        long bytes = pixels / 8 * tiff.bits;
        // Some writers omit the byte counts.
        long packed = tiff.packed == 0 ? file.length : tiff.packed;
        if (bytes / atMost(Exif.tag(in, COMPRESSION, 0, 0xffff)) > packed) {
            // Decoders would fill missing pixels with black.
            throw ImageRejectedException.corrupt(
                    "the TIFF's %,d bytes of pixels cannot hold %,d x %,d".formatted(packed, width, height));
        }
        long tile = Exif.tag(in, TILE_WIDTH, 0, Integer.MAX_VALUE) * Exif.tag(in, TILE_HEIGHT, 0, Integer.MAX_VALUE);
        if (tile > Math.max(pixels, TILE_PIXELS)) {
            throw ImageRejectedException.corrupt("the TIFF has tiles of %,d pixels for %,d".formatted(tile, pixels));
        }
        return new Header(Header.Format.TIFF, width, height, Exif.orientation(in));
    }

    /// @return maximum number of pixel bytes that one byte of the file can represent
    private static long atMost(long compression) {
        return switch ((int) compression) {
            case 1 -> 1;
            // PackBits
            case 32_773 -> 64;
            // JPEG: at least one bit for a block of 8 x 8
            case 7 -> 512;
            // Deflate
            case 8, 32_946 -> 1_032;
            // LZW: 12 bits for a run of 4,093
            case 5 -> 2_730;
            // Fax: one bit for a row of any length
            default -> Integer.MAX_VALUE;
        };
    }

    /// Checks that every page is complete. Decoders read the existing part of a strip, and some do not report the
    /// rest.
    private void requireComplete() throws ImageRejectedException {
        Set<Long> pages = new HashSet<>();
        long directory = unsigned(4, LONG);
        while (directory != 0 && pages.add(directory)) {
            int entries = (int) unsigned(directory, SHORT);
            Values offsets = NONE;
            Values bytes = NONE;
            for (int i = 0; i < entries; i++) {
                long entry = directory + 2 + 12L * i;
                int tag = (int) unsigned(entry, SHORT);
                if (tag <= LAST_OF_TIFF_6) {
                    where(entry);
                }
                switch (tag) {
                    case BITS -> bits = pages.size() == 1 ? value(values(entry), 0) : bits;
                    case STRIP_OFFSETS, TILE_OFFSETS -> offsets = values(entry);
                    case STRIP_BYTES, TILE_BYTES -> bytes = values(entry);
                    default -> {}
                }
            }
            for (long i = 0; i < Math.min(offsets.count, bytes.count); i++) {
                if (value(offsets, i) + value(bytes, i) > in.limit()) {
                    throw truncated();
                }
                packed += pages.size() == 1 ? value(bytes, i) : 0;
            }
            directory = unsigned(directory + 2 + 12L * entries, LONG);
        }
    }

    /// @return offset of an entry's values: within the entry, or elsewhere in the file
    private long where(long entry) throws ImageRejectedException {
        int type = (int) unsigned(entry + 2, SHORT);
        long bytes = unsigned(entry + 4, LONG) * (type < BYTES_OF_TYPES.length ? BYTES_OF_TYPES[type] : 0);
        if (bytes <= 4) {
            return entry + 8;
        }
        long at = unsigned(entry + 8, LONG);
        if (at + bytes > in.limit()) {
            throw truncated();
        }
        return at;
    }

    private Values values(long entry) throws ImageRejectedException {
        int type = (int) unsigned(entry + 2, SHORT);
        if (type != SHORT && type != LONG) {
            throw ImageRejectedException.corrupt("the TIFF has sizes or offsets of type %d".formatted(type));
        }
        return new Values(where(entry), unsigned(entry + 4, LONG), type);
    }

    private long value(Values values, long index) throws ImageRejectedException {
        return unsigned(values.at + index * BYTES_OF_TYPES[values.type], values.type);
    }

    private long unsigned(long at, int type) throws ImageRejectedException {
        if (at + (type == SHORT ? 2 : 4) > in.limit()) {
            throw truncated();
        }
        if (++read > in.limit()) {
            // A valid file needs each value once. Only overlapping directories have more values than bytes.
            throw ImageRejectedException.corrupt("the TIFF's directories overlap");
        }
        return type == SHORT ? in.getShort((int) at) & 0xffff : in.getInt((int) at) & 0xffff_ffffL;
    }

    private ImageRejectedException truncated() {
        return ImageRejectedException.truncated(
                "the TIFF ends after %,d bytes, before the end of a page".formatted(in.limit()));
    }
}
