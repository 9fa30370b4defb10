package io.peregrine.ingest.pack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/// The declared format and size of an image, read before anything is decoded. This guards against images that are
/// small on disk and huge in memory. The format is detected from the content; the file name is ignored.
///
/// @param orientation from EXIF, 1 to 8; 0 if there is none
record Header(Format format, int width, int height, int orientation) {
    enum Format {
        JPEG,
        PNG,
        GIF,
        WEBP,
        BMP,
        TIFF,
        PNM
    }

    private static final String READ = "JPEG, PNG, GIF, WebP, BMP, TIFF and PNM are supported";

    /// Image formats that are recognized but not supported, by their first bytes.
    private static final Map<String, String> UNSUPPORTED_FORMATS = Map.ofEntries(
            Map.entry("8BPS", "Photoshop file"),
            Map.entry("gimp xcf", "GIMP file"),
            Map.entry("%PDF", "PDF document"),
            Map.entry("%!PS", "PostScript document"),
            Map.entry("<svg", "SVG drawing"),
            Map.entry("<?xml", "XML document, perhaps an SVG drawing"),
            Map.entry("\u0000\u0000\u0001\u0000", "icon"),
            Map.entry("icns", "icon of macOS"),
            Map.entry("\u00ff\n", "JPEG XL file"),
            Map.entry("\u0000\u0000\u0000\fJXL ", "JPEG XL file"),
            Map.entry("\u0000\u0000\u0000\fjP  ", "JPEG 2000 file"),
            Map.entry("\u00ff\u004f\u00ff\u0051", "JPEG 2000 codestream"),
            Map.entry("II\u00bc\u0001", "JPEG XR file"),
            Map.entry("II+\u0000", "BigTIFF"),
            Map.entry("MM\u0000+", "BigTIFF"),
            Map.entry("P7\n", "PAM pixmap"),
            Map.entry("PF\n", "pixmap of floating-point values"),
            Map.entry("Pf\n", "pixmap of floating-point values"),
            Map.entry("#?RADIANCE", "Radiance HDR file"),
            Map.entry("v/1\u0001", "OpenEXR file"),
            Map.entry("DDS ", "DirectDraw texture"),
            Map.entry("qoif", "QOI file"),
            Map.entry("\u008aMNG", "animation in MNG"),
            Map.entry("SIMPLE  =", "FITS file"));

    /// Formats of the HEIF family. The first brand states which one it is.
    private static final Map<String, String> BRANDS = Map.of(
            "avif", "AVIF file",
            "avis", "animated AVIF file",
            "heic", "HEIC file",
            "heix", "HEIC file",
            "mif1", "HEIF file",
            "msf1", "animated HEIF file",
            "crx ", "Canon raw file");

    long pixels() {
        return (long) width * height;
    }

    /// @throws ImageRejectedException `NOT_AN_IMAGE`, `IMAGE_UNSUPPORTED`, or for an invalid header
    static Header read(byte[] file) throws ImageRejectedException {
        Header header = of(file);
        if (header.width <= 0 || header.height <= 0) {
            throw ImageRejectedException.corrupt(
                    "the %s's header states %d x %d pixels".formatted(header.format, header.width, header.height));
        }
        return header;
    }

    private static Header of(byte[] file) throws ImageRejectedException {
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
        if (Gif.matches(file)) {
            Gif gif = Gif.header(file);
            return new Header(Format.GIF, gif.width(), gif.height(), 0);
        }
        if (Webp.matches(file)) {
            Webp webp = Webp.header(file);
            return new Header(Format.WEBP, webp.width(), webp.height(), webp.orientation());
        }
        if (Tiff.matches(file)) {
            return Tiff.header(file);
        }
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (begins(file, "BM") && file.length >= 26 && in.getInt(14) >= 12 && in.getInt(14) <= 124) {
            return bmp(in);
        }
        for (Map.Entry<String, String> known : UNSUPPORTED_FORMATS.entrySet()) {
            if (begins(file, known.getKey())) {
                throw unsupported(known.getValue());
            }
        }
        if (begins(file, 4, "ftyp") && file.length >= 12) {
            String brand = new String(file, 8, 4, ISO_8859_1);
            throw unsupported(BRANDS.getOrDefault(brand, "video or HEIF file"));
        }
        throw new ImageRejectedException(
                ImageRejectedException.Reason.NOT_AN_IMAGE,
                file.length == 0
                        ? "the file is empty"
                        : "the content is not a known image format, regardless of the file name; " + READ);
    }

    private static ImageRejectedException unsupported(String what) {
        return ImageRejectedException.unsupported("a %s; %s: convert it".formatted(what, READ));
    }

    private static Header bmp(ByteBuffer in) throws ImageRejectedException {
        boolean core = in.getInt(14) == 12;
        if (!core && in.limit() < 54) {
            throw ImageRejectedException.truncated(
                    "the BMP ends within its header, after %d bytes".formatted(in.limit()));
        }
        int width = core ? in.getShort(18) & 0xffff : in.getInt(18);
        int height = core ? in.getShort(20) & 0xffff : Math.abs(in.getInt(22));
        int bits = in.getShort(core ? 24 : 28);
        if (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32) {
            throw ImageRejectedException.unsupported("a BMP of %d bits a pixel; save it with 24".formatted(bits));
        }
        boolean packed = !core && (in.getInt(30) == 1 || in.getInt(30) == 2);
        long bytes = packed ? in.getInt(34) & 0xffff_ffffL : ((long) width * bits + 31) / 32 * 4 * height;
        long end = (in.getInt(10) & 0xffff_ffffL) + bytes;
        if (end > in.limit()) {
            throw ImageRejectedException.truncated(
                    "the BMP has %,d bytes, but its pixels end at %,d".formatted(in.limit(), end));
        }
        if (packed && (long) width * height > 255L * in.limit()) {
            throw ImageRejectedException.corrupt(
                    "the BMP's %,d bytes cannot hold %,d x %,d pixels".formatted(in.limit(), width, height));
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
