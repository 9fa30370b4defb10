package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteBuffer;
import java.util.Map;

/// What a file declares about its image, read once and before anything is decoded. This guards against images
/// that are small on disk and huge in memory. The format is detected from the content; the file name is ignored.
sealed interface ImageHeader permits Jpeg, Png, Gif, Webp, Bmp, Tiff, Pnm {
    enum Format {
        JPEG,
        PNG,
        GIF,
        WEBP,
        BMP,
        TIFF,
        PNM
    }

    String READ = "JPEG, PNG, GIF, WebP, BMP, TIFF and PNM are supported";

    /// Image formats that are recognized but not supported, by their first bytes.
    Map<String, String> UNSUPPORTED_FORMATS = Map.ofEntries(
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
    Map<String, String> BRANDS = Map.of(
            "avif", "AVIF file",
            "avis", "animated AVIF file",
            "heic", "HEIC file",
            "heix", "HEIC file",
            "mif1", "HEIF file",
            "msf1", "animated HEIF file",
            "crx ", "Canon raw file");

    Format format();

    /// @return pixels in a row as stored, before the orientation is applied
    int width();

    /// @return rows as stored, before the orientation is applied
    int height();

    /// @return 1 to 8 as in EXIF, from EXIF or XMP; any other value means upright
    default int orientation() {
        return 1;
    }

    /// @param file the one this header was read from
    /// @return the image as stored, over white
    /// @throws ImageRejectedException if its pixels are not supported, incomplete or damaged
    Raster decode(byte[] file) throws ImageRejectedException;

    default long pixels() {
        return (long) width() * height();
    }

    /// @throws ImageRejectedException `NOT_AN_IMAGE`, `IMAGE_UNSUPPORTED`, or for an invalid header
    static ImageHeader read(byte[] file) throws ImageRejectedException {
        ImageHeader header = of(file);
        if (header.width() <= 0 || header.height() <= 0) {
            throw ImageRejectedException.corrupt("the %s's header states %d x %d pixels"
                    .formatted(header.format(), header.width(), header.height()));
        }
        return header;
    }

    private static ImageHeader of(byte[] file) throws ImageRejectedException {
        if (Jpeg.matches(file)) {
            return Jpeg.read(file);
        }
        if (Png.matches(file)) {
            return Png.read(file);
        }
        if (Pnm.matches(file)) {
            return Pnm.read(file);
        }
        if (Gif.matches(file)) {
            return Gif.read(file);
        }
        if (Webp.matches(file)) {
            return Webp.read(file);
        }
        if (Tiff.matches(file)) {
            return Tiff.read(file);
        }
        if (Bmp.matches(file)) {
            return Bmp.read(file);
        }
        for (Map.Entry<String, String> known : UNSUPPORTED_FORMATS.entrySet()) {
            if (begins(file, 0, known.getKey())) {
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
        boolean beginsWithVowel = "AEIOaeioX".indexOf(what.charAt(0)) >= 0 || what.startsWith("SVG");
        String article = beginsWithVowel ? "an" : "a";
        return ImageRejectedException.unsupported("%s %s; %s: convert it".formatted(article, what, READ));
    }

    private static boolean begins(byte[] file, int at, String text) {
        byte[] begin = text.getBytes(ISO_8859_1);
        return file.length >= at + begin.length
                && ByteBuffer.wrap(file, at, begin.length).equals(ByteBuffer.wrap(begin));
    }
}
