package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.image.Exif;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import io.peregrine.ingest.image.Xmp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The container of a WebP (RFC 9649, section 2). The native decoder reads the pixels, but does not support
/// animation.
///
/// @param orientation from EXIF, else from XMP; 0 if there is none
/// @param first frame of an animation; null for a still image
record Webp(int width, int height, int orientation, Frame first) implements ImageHeader {
    /// A frame and its position on the canvas.
    ///
    /// @param pixels its chunks: `VP8L`, or `VP8␠` with an optional `ALPH` before it
    record Frame(int left, int top, int width, int height, List<ByteBuffer> pixels) {}

    private static final int HEADER = 12;
    private static final int ANIMATION = 0x02;
    private static final int XMP = 0x04;
    private static final int EXIF = 0x08;
    private static final int ALPHA = 0x10;

    static boolean matches(byte[] file) {
        return file.length >= HEADER
                && type(file, 0).equals("RIFF")
                && type(file, 8).equals("WEBP");
    }

    /// @throws ImageRejectedException if the file is truncated, or the first frame of an animation is missing or
    ///     exceeds the canvas
    static Webp read(byte[] file) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int declared = in.getInt(4);
        if (in.limit() < 30 || declared < 0 || declared + 8L > in.limit()) {
            throw ImageRejectedException.truncated("the WebP's header states %,d bytes, but the file has %,d"
                    .formatted((declared & 0xffff_ffffL) + 8, in.limit()));
        }
        return switch (type(file, HEADER)) {
            case "VP8X" -> extended(file, in);
            case "VP8L" -> {
                int bits = in.getInt(21);
                yield new Webp((bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1, 0, null);
            }
            case "VP8 " -> new Webp(in.getShort(26) & 0x3fff, in.getShort(28) & 0x3fff, 0, null);
            default -> throw ImageRejectedException.corrupt("the WebP does not begin with a chunk of pixels");
        };
    }

    private static Webp extended(byte[] file, ByteBuffer in) throws ImageRejectedException {
        int width = three(in, 24) + 1;
        int height = three(in, 27) + 1;
        boolean animated = (in.get(20) & ANIMATION) != 0;
        int flags = in.get(20);
        ByteBuffer exif = null;
        ByteBuffer xmp = null;
        Frame first = null;
        for (ByteBuffer chunk : chunks(in, HEADER)) {
            switch (type(chunk)) {
                // The flags of the header decide, as in libwebp; of several notes the first counts.
                case "EXIF" -> exif = exif == null && (flags & EXIF) != 0 ? content(chunk) : exif;
                case "XMP " -> xmp = xmp == null && (flags & XMP) != 0 ? content(chunk) : xmp;
                case "ANMF" -> first = animated && first == null ? frame(chunk) : first;
                default -> {}
            }
        }
        if (animated && first == null) {
            throw ImageRejectedException.corrupt("the animated WebP has no frame");
        }
        if (first != null && (first.left + first.width > width || first.top + first.height > height)) {
            throw ImageRejectedException.corrupt(
                    "the animated WebP's first frame, %d x %d at (%d, %d), exceeds its canvas, %d x %d"
                            .formatted(first.width, first.height, first.left, first.top, width, height));
        }
        int orientation = exif == null ? 0 : Exif.orientation(exif);
        return new Webp(width, height, orientation == 0 && xmp != null ? Xmp.orientation(xmp) : orientation, first);
    }

    private static ByteBuffer content(ByteBuffer chunk) {
        return chunk.slice(8, chunk.limit() - 8);
    }

    @Override
    public Format format() {
        return Format.WEBP;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        return first == null ? OpenCv.decode(file, Format.WEBP) : onCanvas(OpenCv.decode(still(), Format.WEBP));
    }

    private static Frame frame(ByteBuffer chunk) throws ImageRejectedException {
        if (chunk.limit() < 8 + 16) {
            throw ImageRejectedException.corrupt("the animated WebP's first frame is truncated");
        }
        List<ByteBuffer> pixels = chunks(chunk, 8 + 16).stream()
                .filter(inner -> List.of("ALPH", "VP8 ", "VP8L").contains(type(inner)))
                .toList();
        return new Frame(2 * three(chunk, 8), 2 * three(chunk, 11), three(chunk, 14) + 1, three(chunk, 17) + 1, pixels);
    }

    /// @return the first frame as a separate file
    private byte[] still() {
        int length = first.pixels.stream().mapToInt(Webp::padded).sum();
        ByteBuffer still = ByteBuffer.allocate(30 + length).order(ByteOrder.LITTLE_ENDIAN);
        boolean opaque =
                first.pixels.size() == 1 && type(first.pixels.getFirst()).equals("VP8 ");
        still.put("RIFF".getBytes(ISO_8859_1)).putInt(22 + length).put("WEBPVP8X".getBytes(ISO_8859_1));
        still.putInt(10).putInt(opaque ? 0 : ALPHA);
        // Three bytes each: the height's lowest overwrites the width's highest, which is zero.
        still.putInt(24, first.width - 1).position(27);
        still.put((byte) (first.height - 1)).putShort((short) (first.height - 1 >> 8));
        for (ByteBuffer chunk : first.pixels) {
            int end = still.position() + padded(chunk);
            still.put(chunk.duplicate()).position(end);
        }
        return still.array();
    }

    /// Draws the first frame on its canvas, which is transparent.
    ///
    /// @param frame decoded, over white
    private Raster onCanvas(Raster frame) {
        if (frame.width() == width && frame.height() == height) {
            return frame;
        }
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        Arrays.fill(rgb, (byte) 255);
        for (int y = 0; y < frame.height(); y++) {
            int to = 3 * ((first.top + y) * width + first.left);
            System.arraycopy(frame.rgb(), 3 * y * frame.width(), rgb, to, 3 * frame.width());
        }
        return new Raster(width, height, rgb);
    }

    /// @return the chunks from an offset on, each with its type and length; the list ends before a truncated
    ///     chunk
    private static List<ByteBuffer> chunks(ByteBuffer in, int from) {
        List<ByteBuffer> chunks = new ArrayList<>();
        long at = from;
        while (at + 8 <= in.limit()) {
            long length = in.getInt((int) at + 4) & 0xffff_ffffL;
            if (at + 8 + length > in.limit()) {
                break;
            }
            chunks.add(in.slice((int) at, (int) length + 8).order(ByteOrder.LITTLE_ENDIAN));
            at += 8 + length + (length & 1);
        }
        return chunks;
    }

    private static int padded(ByteBuffer chunk) {
        return chunk.limit() + (chunk.limit() & 1);
    }

    private static int three(ByteBuffer in, int at) {
        return in.getShort(at) & 0xffff | (in.get(at + 2) & 0xff) << 16;
    }

    private static String type(byte[] file, int at) {
        return ISO_8859_1.decode(ByteBuffer.wrap(file, at, 4)).toString();
    }

    private static String type(ByteBuffer chunk) {
        return ISO_8859_1.decode(chunk.slice(0, 4)).toString();
    }
}
