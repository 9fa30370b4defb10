package io.peregrine.ingest.format;

import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import io.peregrine.ingest.image.SquareFit;
import java.util.concurrent.Semaphore;

/// Decodes images to RGB. The pixels equal those of Pillow for JPEG, PNG, GIF, WebP, BMP, TIFF and PNM: the first
/// frame or page, alpha over white, 16 bits / 257, ICC profiles ignored. Thread-safe.
public class ImageDecoder {
    /// Version of the decoding. It is part of the decode key, so packs of another version are not reused.
    /// Increase the last number whenever a decoded pixel or a reason of refusal may change.
    public static final String VERSION = "opencv-4.9.0 peregrine-4";
    /// The decoder that packs name in their metadata. Unlike [#VERSION] it changes only if the pixels of images
    /// change that were decoded right, so that their packs keep their content addresses.
    public static final String PACK_VERSION = "opencv-4.9.0 peregrine-2";

    private static final int KILOPIXEL = 1_000;
    /// One array must hold four values per pixel.
    private static final long PIXELS_OF_AN_ARRAY = 500_000_000;
    /// Limit of the width and of the height. The rows that a decoder keeps in memory need up to 56 bytes for each
    /// pixel of the width, the weights of a resize 8 bytes for each pixel of both sides.
    static final int SIDE_MAX = 1 << 18;

    private final long pixelsMax;
    private final Semaphore kilopixelsAtOnce;

    /// @param pixelsMax limit of one image; a larger one is rejected after its header was read, without decoding.
    ///     It is also the limit of all pixels that are being decoded at once, which bounds memory for any number
    ///     of threads: 3 to 7 bytes a pixel in the heap, and up to 8 outside. In addition a thread needs up to
    ///     20 MB for rows, whatever the image
    public ImageDecoder(long pixelsMax) {
        if (pixelsMax < 1 || pixelsMax > PIXELS_OF_AN_ARRAY) {
            throw new IllegalArgumentException(
                    "peregrine.ingest.pixels-max is %,d; 1 to %,d is allowed".formatted(pixelsMax, PIXELS_OF_AN_ARRAY));
        }
        this.pixelsMax = pixelsMax;
        this.kilopixelsAtOnce = new Semaphore(kilopixels(pixelsMax));
    }

    /// Decodes an image and makes it square: the content of a pack for one file.
    ///
    /// @return u8 [3, side, side]
    /// @throws ImageRejectedException with the reason why the file cannot be used
    public byte[] square(byte[] file, ImageSpec image) throws ImageRejectedException, InterruptedException {
        ImageHeader header = checkedHeader(file);
        int kilopixels = kilopixels(header.pixels());
        kilopixelsAtOnce.acquire(kilopixels);
        try {
            return SquareFit.of(decode(header, file, image.orientation()), image.side(), image.fit());
        } finally {
            kilopixelsAtOnce.release(kilopixels);
        }
    }

    /// @throws ImageRejectedException with the reason why the file cannot be used
    public Raster decode(byte[] file, Orientation orientation) throws ImageRejectedException {
        return decode(checkedHeader(file), file, orientation);
    }

    private static Raster decode(ImageHeader header, byte[] file, Orientation orientation)
            throws ImageRejectedException {
        Raster stored = header.decode(file);
        return orientation == Orientation.APPLY ? stored.applyOrientation(header.orientation()) : stored;
    }

    /// Rejects an image before decoding if its declared size is too large.
    private ImageHeader checkedHeader(byte[] file) throws ImageRejectedException {
        ImageHeader header = ImageHeader.read(file);
        if (header.pixels() > pixelsMax) {
            throw new ImageRejectedException(
                    ImageRejectedException.Reason.IMAGE_TOO_LARGE,
                    "%,d x %,d pixels; at most %,d are decoded (peregrine.ingest.pixels-max)"
                            .formatted(header.width(), header.height(), pixelsMax));
        }
        if (header.width() > SIDE_MAX || header.height() > SIDE_MAX) {
            throw new ImageRejectedException(
                    ImageRejectedException.Reason.IMAGE_TOO_LARGE,
                    "%,d x %,d pixels; a side may have at most %,d: scale the image down or cut it"
                            .formatted(header.width(), header.height(), SIDE_MAX));
        }
        return header;
    }

    public long pixelsMax() {
        return pixelsMax;
    }

    private static int kilopixels(long pixels) {
        return Math.toIntExact(pixels / KILOPIXEL + 1);
    }
}
