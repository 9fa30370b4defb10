package io.peregrine.ingest.pack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/// What a picture says of itself before anything is decoded: the guard against pictures that are small on disk and
/// huge in memory. The format is that of the content; the name is not asked.
///
/// @param orientation EXIF's, 1 to 8; 0 if none is given
record Header(Format format, int width, int height, int orientation) {
    enum Format {
        JPEG,
        PNG,
        WEBP,
        BMP,
        TIFF,
        PNM
    }

    /// Pictures that we know when we see them, but do not read.
    private static final Map<String, String> KNOWN_BY_NAME = Map.of(
            "GIF87a", "GIF",
            "GIF89a", "GIF",
            "8BPS", "Photoshop file",
            "\u0000\u0000\u0001\u0000", "icon",
            "\u00ff\n", "JPEG XL file",
            "\u0000\u0000\u0000\fJXL ", "JPEG XL file",
            "\u0000\u0000\u0000\fjP  ", "JPEG 2000 file",
            "II+\u0000", "BigTIFF",
            "MM\u0000+", "BigTIFF");

    long pixels() {
        return (long) width * height;
    }

    /// @throws Refused `NOT_A_PICTURE`, `IMAGE_UNSUPPORTED`, or what is wrong with the header
    static Header read(byte[] file) throws Refused {
        Header header = of(file);
        if (header.width <= 0 || header.height <= 0) {
            throw Refused.corrupt(
                    "the %s's header says %d x %d pixels".formatted(header.format, header.width, header.height));
        }
        return header;
    }

    private static Header of(byte[] file) throws Refused {
        if (Jpeg.matches(file)) {
            Jpeg jpeg = Jpeg.header(file);
            return new Header(Format.JPEG, jpeg.width(), jpeg.height(), jpeg.orientation());
        }
        if (Png.matches(file)) {
            ByteBuffer png = Png.header(file);
            return new Header(Format.PNG, png.getInt(16), png.getInt(20), 0);
        }
        if (Pnm.matches(file)) {
            Pnm pnm = Pnm.header(file);
            return new Header(Format.PNM, pnm.width(), pnm.height(), 0);
        }
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (begins(file, "RIFF") && file.length >= 12 && begins(file, 8, "WEBP")) {
            return webp(in);
        }
        if (begins(file, "BM") && file.length >= 26 && in.getInt(14) >= 12 && in.getInt(14) <= 124) {
            return bmp(in);
        }
        if (begins(file, "II*\0") || begins(file, "MM\0*")) {
            int width = (int) Exif.tag(in, 256, 1, Integer.MAX_VALUE);
            int height = (int) Exif.tag(in, 257, 1, Integer.MAX_VALUE);
            if (Exif.tag(in, 277, 2, 2) == 2) {
                throw Refused.unsupported("a TIFF of grey with alpha; save it as RGB or as PNG");
            }
            return new Header(Format.TIFF, width, height, Exif.orientation(in));
        }
        for (Map.Entry<String, String> known : KNOWN_BY_NAME.entrySet()) {
            if (begins(file, known.getKey())) {
                throw unread(known.getValue());
            }
        }
        if (begins(file, 4, "ftyp")) {
            throw unread("HEIF, AVIF or video file");
        }
        throw new Refused(
                Refused.Reason.NOT_A_PICTURE,
                file.length == 0
                        ? "the file is empty"
                        : "the content is none of JPEG, PNG, WebP, BMP, TIFF, PNM, whatever the name says");
    }

    private static Refused unread(String what) {
        return Refused.unsupported("a %s; JPEG, PNG, WebP, BMP, TIFF and PNM are read: convert it".formatted(what));
    }

    private static Header webp(ByteBuffer in) throws Refused {
        int declared = in.getInt(4);
        if (in.limit() < 30 || declared < 0 || declared + 8L > in.limit()) {
            throw Refused.truncated("the WebP says it has %,d bytes, the file has %,d"
                    .formatted((declared & 0xffff_ffffL) + 8, in.limit()));
        }
        byte[] file = in.array();
        if (begins(file, 12, "VP8X")) {
            if ((in.get(20) & 2) != 0) {
                throw Refused.unsupported("an animated WebP; save one of its pictures");
            }
            int width = (in.getInt(24) & 0xff_ffff) + 1;
            int height = (in.getInt(26) >>> 8) + 1;
            return new Header(Format.WEBP, width, height, webpOrientation(in));
        }
        if (begins(file, 12, "VP8L")) {
            int bits = in.getInt(21);
            return new Header(Format.WEBP, (bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1, 0);
        }
        if (begins(file, 12, "VP8 ")) {
            return new Header(Format.WEBP, in.getShort(26) & 0x3fff, in.getShort(28) & 0x3fff, 0);
        }
        throw Refused.corrupt("the WebP begins with no chunk of pixels");
    }

    private static int webpOrientation(ByteBuffer in) {
        long at = 12;
        while (at + 8 <= in.limit()) {
            long length = in.getInt((int) at + 4) & 0xffff_ffffL;
            if (begins(in.array(), (int) at, "EXIF") && at + 8 + length <= in.limit()) {
                return Exif.orientation(in.slice((int) at + 8, (int) length));
            }
            at += 8 + length + (length & 1);
        }
        return 0;
    }

    private static Header bmp(ByteBuffer in) throws Refused {
        boolean core = in.getInt(14) == 12;
        int width = core ? in.getShort(18) & 0xffff : in.getInt(18);
        int height = core ? in.getShort(20) & 0xffff : Math.abs(in.getInt(22));
        int bits = core ? in.getShort(24) : in.limit() > 34 ? in.getShort(28) : 0;
        boolean packed = !core && in.limit() > 34 && (in.getInt(30) == 1 || in.getInt(30) == 2);
        long rowBytes = ((long) width * bits + 31) / 32 * 4;
        if (!packed && (in.getInt(10) & 0xffff_ffffL) + rowBytes * height > in.limit()) {
            throw Refused.truncated("the BMP has %,d bytes where its pixels end at %,d"
                    .formatted(in.limit(), (in.getInt(10) & 0xffff_ffffL) + rowBytes * height));
        }
        return new Header(Format.BMP, width, height, 0);
    }

    private static boolean begins(byte[] file, String text) {
        return begins(file, 0, text);
    }

    private static boolean begins(byte[] file, int at, String text) {
        byte[] begin = text.getBytes(ISO_8859_1);
        return file.length >= at + begin.length
                && ByteBuffer.wrap(file, at, begin.length).equals(ByteBuffer.wrap(begin));
    }
}
