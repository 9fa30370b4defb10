package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// The headers of a BMP of 1, 4, 8, 24 or 32 bits a pixel, of Windows or OS/2, also run-length encoded.
///
/// This parser exists because OpenCV 4.9 reads OS/2's headers as grey, ignores the masks of 32 bits, and silently
/// fills run lengths that end early.
///
/// @param topDown whether the first row is the upper one
/// @param runLengths whether the rows are run-length encoded
/// @param masks where red, green, blue and alpha are in a pixel of 32 bits; alpha's is 0 if there is none
/// @param paletteStart offset of the palette
/// @param paletteEntry bytes of a colour, 3 or 4
/// @param colours of the palette
/// @param start offset of the pixels
record Bmp(
        int width,
        int height,
        int bits,
        boolean topDown,
        boolean runLengths,
        int[] masks,
        int paletteStart,
        int paletteEntry,
        int colours,
        int start)
        implements ImageHeader {
    /// Bytes of the smallest and of the largest information header.
    private static final int CORE = 12;

    private static final int LARGEST = 124;
    /// Bytes of the smallest information header of Windows. OS/2 also has headers between the two.
    private static final int WINDOWS = 40;
    /// From this length on the information header contains the masks, and from the next one that of alpha.
    private static final int WITH_MASKS = 52;

    private static final int WITH_ALPHA = 56;
    private static final int RUNS_OF_8 = 1;
    private static final int RUNS_OF_4 = 2;
    private static final int MASKS = 3;
    private static final int[] DEFAULT_MASKS = {0xff0000, 0xff00, 0xff, 0};
    private static final int[] ALPHA_LAST = {0xff0000, 0xff00, 0xff, 0xff000000};
    private static final List<int[]> READ_MASKS = List.of(
            DEFAULT_MASKS,
            ALPHA_LAST,
            new int[] {0xff000000, 0xff0000, 0xff00, 0},
            new int[] {0xff000000, 0xff00, 0xff, 0},
            new int[] {0xff000000, 0xff0000, 0xff00, 0xff},
            new int[] {0xff, 0xff00, 0xff0000, 0xff000000},
            new int[] {0xff000000, 0xff00, 0xff, 0xff0000});

    static boolean matches(byte[] file) {
        if (file.length < 26 || file[0] != 'B' || file[1] != 'M') {
            return false;
        }
        int information = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(14);
        return information >= CORE && information <= LARGEST;
    }

    /// @throws ImageRejectedException if the file ends before its pixels do, or the variant is not supported
    static Bmp read(byte[] file) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int information = in.getInt(14);
        boolean core = information == CORE;
        if (!core && information < WINDOWS) {
            throw ImageRejectedException.unsupported(
                    "a BMP with a header of %d bytes; save it again".formatted(information));
        }
        if (!core && in.limit() < 14 + information) {
            throw ImageRejectedException.truncated(
                    "the BMP ends within its header, after %d bytes".formatted(in.limit()));
        }
        int width = core ? in.getShort(18) & 0xffff : in.getInt(18);
        int signedHeight = core ? in.getShort(20) & 0xffff : in.getInt(22);
        int height = Math.abs(signedHeight);
        int bits = in.getShort(core ? 24 : 28);
        int compression = core ? 0 : in.getInt(30);
        boolean packed = compression == RUNS_OF_8 && bits == 8 || compression == RUNS_OF_4 && bits == 4;
        requireRead(bits, compression, packed);
        long bytes = packed ? in.getInt(34) & 0xffff_ffffL : ((long) width * bits + 31) / 32 * 4 * height;
        requireWhole(in, bytes);
        if (packed && (long) width * height > 255L * in.limit()) {
            throw ImageRejectedException.corrupt(
                    "the BMP's %,d bytes cannot hold %,d x %,d pixels".formatted(in.limit(), width, height));
        }
        int stated = core ? 0 : in.getInt(46);
        int most = bits <= 8 ? 1 << bits : 0;
        return new Bmp(
                width,
                height,
                bits,
                signedHeight < 0,
                packed,
                compression == MASKS ? masks(in, information) : DEFAULT_MASKS,
                14 + information,
                core ? 3 : 4,
                stated > 0 && stated < most ? stated : most,
                in.getInt(10));
    }

    private static void requireRead(int bits, int compression, boolean packed) throws ImageRejectedException {
        if (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32) {
            throw ImageRejectedException.unsupported("a BMP of %d bits a pixel; save it with 24".formatted(bits));
        }
        if (!packed && compression != 0 && (compression != MASKS || bits != 32)) {
            throw ImageRejectedException.unsupported(
                    "a BMP of %d bits with compression %d; save it without".formatted(bits, compression));
        }
    }

    /// @param bytes of the pixels
    private static void requireWhole(ByteBuffer in, long bytes) throws ImageRejectedException {
        long end = (in.getInt(10) & 0xffff_ffffL) + bytes;
        if (end > in.limit()) {
            throw ImageRejectedException.truncated(
                    "the BMP has %,d bytes, but its pixels end at %,d".formatted(in.limit(), end));
        }
    }

    /// @throws ImageRejectedException if they are not among those that Pillow reads
    private static int[] masks(ByteBuffer in, int information) throws ImageRejectedException {
        int length = information >= WITH_ALPHA ? 4 : 3;
        // They follow the shortest header, and are the end of longer ones.
        int at = information >= WITH_MASKS ? 14 + 40 : 14 + information;
        if (at + 4 * length > in.limit()) {
            throw ImageRejectedException.truncated("the BMP ends within its masks");
        }
        int[] masks = new int[4];
        for (int i = 0; i < length; i++) {
            masks[i] = in.getInt(at + 4 * i);
        }
        if (Arrays.equals(masks, new int[4])) {
            return ALPHA_LAST;
        }
        if (READ_MASKS.stream().noneMatch(read -> Arrays.equals(read, masks))) {
            throw ImageRejectedException.unsupported("a BMP with the masks %08x, %08x, %08x, %08x; save it with 24 bits"
                    .formatted(masks[0], masks[1], masks[2], masks[3]));
        }
        return masks;
    }

    @Override
    public Format format() {
        return Format.BMP;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        return new BmpPixels(this, file).decode();
    }
}
