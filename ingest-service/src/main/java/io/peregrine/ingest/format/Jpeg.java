package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;

/// The markers of a JPEG (ITU-T T.81, annex B). The native decoder reads the pixels.
///
/// @param components 1 grey, 3 colour, 4 CMYK or YCCK
/// @param orientation from EXIF or XMP, 0 if there is none
/// @param adobeTransform 0 none, 1 YCbCr, 2 YCCK; −1 if there is no Adobe marker
/// @param scans up to the end marker, or to the end of the file
/// @param truncated why the file ends before its end marker; null if it does not
record Jpeg(int width, int height, int components, int orientation, int adobeTransform, int scans, String truncated)
        implements ImageHeader {
    /// A progressive image has about ten scans. Each scan costs the decoder a pass over all pixels, but costs a
    /// hostile file almost no bytes. More scans are accepted only while their total cost is small.
    private static final int SCANS = 20;

    private static final long PIXELS_OF_ALL_SCANS = 2_000_000_000;
    private static final int COST_OF_A_SCAN = 1_000;

    static boolean matches(byte[] file) {
        return file.length > 3 && (file[0] & 0xff) == 0xff && (file[1] & 0xff) == 0xd8 && (file[2] & 0xff) == 0xff;
    }

    /// Reads all markers up to the end marker.
    ///
    /// @throws ImageRejectedException if there is no frame header with the size, or a marker is damaged
    static Jpeg read(byte[] file) throws ImageRejectedException {
        return new JpegMarkers(file).read();
    }

    @Override
    public Format format() {
        return Format.JPEG;
    }

    /// A decoder would silently accept half a file and fill the rest with grey.
    ///
    /// @throws ImageRejectedException if the file ends before its end marker, or cannot hold the pixels
    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        requireWhole(file);
        return components == 4 ? CmykJpeg.decode(this, file) : OpenCv.decode(file, Format.JPEG);
    }

    /// @throws ImageRejectedException if the file ends before its end marker, or cannot hold the pixels
    void requireWhole(byte[] file) throws ImageRejectedException {
        if (truncated != null) {
            throw ImageRejectedException.truncated(truncated);
        }
        if (scans > SCANS && (pixels() + COST_OF_A_SCAN) * scans > PIXELS_OF_ALL_SCANS) {
            throw ImageRejectedException.corrupt(
                    "the JPEG has %,d scans of %,d x %,d pixels, which is too slow to decode; save it again"
                            .formatted(scans, width, height));
        }
        if ((long) ((width + 7) / 8) * ((height + 7) / 8) > 8L * file.length) {
            // Each block of 8 x 8 takes at least one bit. A decoder would fill missing blocks with grey.
            throw ImageRejectedException.corrupt(
                    "the JPEG's %,d bytes cannot hold %,d x %,d pixels".formatted(file.length, width, height));
        }
    }
}
