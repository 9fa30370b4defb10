package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/// A PNG's chunks (PNG specification, third edition, sections 5 and 11).
///
/// This parser exists because OpenCV's decoder drops alpha and the low byte, ignores `tRNS`, inflates text
/// chunks, which may be decompression bombs, and does not report truncated or broken files.
///
/// @param palette u8 [n, 3], or null
/// @param transparency the `tRNS` chunk, or null
/// @param data the `IDAT` chunks' content in order
/// @param cut whether the file is truncated before its `IEND`
record Png(
        int width,
        int height,
        int depth,
        Colour colour,
        boolean interlaced,
        int orientation,
        byte[] palette,
        byte[] transparency,
        List<ByteBuffer> data,
        boolean cut)
        implements ImageHeader {

    enum Colour {
        GREY(0, 1),
        RGB(2, 3),
        PALETTE(3, 1),
        GREY_ALPHA(4, 2),
        RGB_ALPHA(6, 4);

        private final int code;
        final int channels;

        Colour(int code, int channels) {
            this.code = code;
            this.channels = channels;
        }

        private boolean allows(int depth) {
            return switch (this) {
                case GREY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
                case PALETTE -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
                default -> depth == 8 || depth == 16;
            };
        }
    }

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    static boolean matches(byte[] file) {
        return file.length >= 8 && Arrays.equals(file, 0, 8, SIGNATURE, 0, 8);
    }

    /// Checks the header chunk. Width and height are at bytes 16 and 20.
    ///
    /// @throws ImageRejectedException if it is truncated or broken
    private static ByteBuffer header(byte[] file) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file);
        if (file.length < 33) {
            throw ImageRejectedException.truncated(
                    "the PNG ends within its header, after %d bytes".formatted(file.length));
        }
        if (in.getInt(8) != 13 || !type(in, 8).equals("IHDR") || !intact(in, 8, 13)) {
            throw ImageRejectedException.corrupt("the PNG does not begin with an intact header (IHDR)");
        }
        return in;
    }

    /// @throws ImageRejectedException if the chunks are inconsistent; nothing is inflated yet
    static Png read(byte[] file) throws ImageRejectedException {
        ByteBuffer in = header(file);
        int width = in.getInt(16);
        int height = in.getInt(20);
        int depth = in.get(24);
        int code = in.get(25);
        Colour colour = Arrays.stream(Colour.values())
                .filter(c -> c.code == code && c.allows(depth))
                .findFirst()
                .orElseThrow(() ->
                        ImageRejectedException.corrupt("the PNG has colour type %d of %d bits".formatted(code, depth)));
        if (width <= 0 || height <= 0 || in.get(26) != 0 || in.get(27) != 0 || (in.get(28) & 0xfe) != 0) {
            throw ImageRejectedException.corrupt("the PNG's header states %d x %d pixels".formatted(width, height));
        }
        PngNotes notes = new PngNotes();
        byte[] palette = null;
        byte[] transparency = null;
        List<ByteBuffer> data = new ArrayList<>();
        boolean ended = false;
        int at = 33;
        while (!ended && at + 8 <= file.length) {
            long length = in.getInt(at) & 0xffff_ffffL;
            String type = type(in, at);
            if (length > Integer.MAX_VALUE || !type.chars().allMatch(Png::isLetter)) {
                throw ImageRejectedException.corrupt("the PNG has no valid chunk at byte %,d".formatted(at));
            }
            boolean whole = at + 12L + length <= file.length;
            if (!whole && !type.equals("IDAT")) {
                break;
            }
            int there = (int) Math.min(length, file.length - at - 8L);
            boolean critical = Character.isUpperCase(type.charAt(0));
            if (whole && critical && !intact(in, at, there)) {
                throw ImageRejectedException.corrupt(
                        "the PNG's chunk %s at byte %,d fails its checksum".formatted(type, at));
            }
            ByteBuffer chunk = in.slice(at + 8, there);
            switch (type) {
                case "PLTE" -> palette = bytes(chunk);
                case "tRNS" -> transparency = bytes(chunk);
                case "IDAT" -> data.add(chunk);
                case "IEND" -> ended = true;
                case "eXIf", "tEXt", "zTXt", "iTXt" -> notes.add(type, chunk);
                default -> {
                    if (critical) {
                        throw ImageRejectedException.unsupported(
                                "the PNG requires the unknown chunk %s".formatted(type));
                    }
                }
            }
            at += 12 + there;
        }
        if (colour == Colour.PALETTE && palette == null) {
            throw ended
                    ? ImageRejectedException.corrupt("the PNG's palette is missing")
                    : ImageRejectedException.truncated("the PNG ends early");
        }
        boolean interlaced = in.get(28) == 1;
        return new Png(
                width, height, depth, colour, interlaced, notes.orientation(), palette, transparency, data, !ended);
    }

    @Override
    public Format format() {
        return Format.PNG;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        return PngPixels.decode(this);
    }

    private static boolean isLetter(int c) {
        return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
    }

    private static String type(ByteBuffer in, int chunk) {
        return ISO_8859_1.decode(in.slice(chunk + 4, 4)).toString();
    }

    private static boolean intact(ByteBuffer in, int chunk, int length) {
        CRC32 crc = new CRC32();
        crc.update(in.slice(chunk + 4, length + 4));
        return (int) crc.getValue() == in.getInt(chunk + 8 + length);
    }

    private static byte[] bytes(ByteBuffer chunk) {
        byte[] bytes = new byte[chunk.remaining()];
        chunk.get(bytes);
        return bytes;
    }
}
