package io.peregrine.ingest.pack;

import io.peregrine.events.RunSpec.ImageSpec;
import io.peregrine.events.RunSpec.Orientation;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/// Decodes images to RGB. The pixels equal those of Pillow for JPEG, PNG, GIF, WebP, BMP, TIFF and PNM: the first
/// frame or page, alpha over white, 16 bits / 257, ICC profiles ignored. Thread-safe.
public class ImageDecoder {
    /// Version of the decoding. It is part of the decode key, so packs of another version are not reused.
    /// Increase the last number whenever a decoded pixel may change.
    public static final String VERSION = "opencv-4.9.0 peregrine-2";

    private static final int KILOPIXEL = 1_000;
    /// One array must hold four values per pixel.
    private static final long PIXELS_OF_AN_ARRAY = 500_000_000;

    private final long pixelsMax;
    private final Semaphore kilopixelsAtOnce;

    /// @param pixelsMax limit of one image; a larger one is rejected after its header was read, without decoding.
    ///     It is also the limit of all pixels that are being decoded at once, which bounds memory for any number
    ///     of threads: 3 to 7 bytes a pixel in the heap, and up to 8 outside
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
    byte[] square(byte[] file, ImageSpec image) throws ImageRejectedException, InterruptedException {
        int kilopixels = kilopixels(checkedHeader(file).pixels());
        kilopixelsAtOnce.acquire(kilopixels);
        try {
            return SquareFit.of(decode(file, image.orientation()), image.side(), image.fit());
        } finally {
            kilopixelsAtOnce.release(kilopixels);
        }
    }

    /// @throws ImageRejectedException with the reason why the file cannot be used
    Raster decode(byte[] file, Orientation orientation) throws ImageRejectedException {
        Header header = checkedHeader(file);
        boolean apply = orientation == Orientation.APPLY;
        return switch (header.format()) {
            case PNG -> {
                Png png = Png.read(file);
                yield PngPixels.decode(png).applyOrientation(apply ? png.orientation() : 0);
            }
            case PNM -> Pnm.header(file).decode(file);
            case JPEG -> {
                Jpeg jpeg = Jpeg.whole(file);
                Raster raster = jpeg.components() == 4 ? cmyk(file, jpeg) : OpenCv.decode(file, header.format());
                yield raster.applyOrientation(apply ? jpeg.orientation() : 0);
            }
            case GIF -> GifPixels.decode(Gif.header(file), file);
            case WEBP -> webp(file, header).applyOrientation(apply ? header.orientation() : 0);
            case TIFF ->
                OpenCv.decode(Exif.upright(file), header.format()).applyOrientation(apply ? header.orientation() : 0);
            case BMP -> OpenCv.decode(file, header.format());
        };
    }

    private static Raster webp(byte[] file, Header header) throws ImageRejectedException {
        Webp webp = Webp.header(file);
        return webp.first() == null
                ? OpenCv.decode(file, header.format())
                : webp.onCanvas(OpenCv.decode(webp.still(), header.format()));
    }

    /// Rejects an image before decoding if its declared size is too large.
    private Header checkedHeader(byte[] file) throws ImageRejectedException {
        Header header = Header.read(file);
        if (header.pixels() > pixelsMax) {
            throw new ImageRejectedException(
                    ImageRejectedException.Reason.IMAGE_TOO_LARGE,
                    "%,d x %,d pixels; at most %,d are decoded (peregrine.ingest.pixels-max)"
                            .formatted(header.width(), header.height(), pixelsMax));
        }
        return header;
    }

    long pixelsMax() {
        return pixelsMax;
    }

    private static int kilopixels(long pixels) {
        return Math.toIntExact(pixels / KILOPIXEL + 1);
    }

    /// Converts CMYK to RGB as Pillow does: R = K'·C' / 255, rounded, of the inverted values that Adobe's files
    /// contain. OpenCV rounds down. The JDK's reader returns the four channels unconverted.
    private static Raster cmyk(byte[] file, Jpeg jpeg) throws ImageRejectedException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, true, true);
            byte[] inks = ((DataBufferByte) reader.readRaster(0, null).getDataBuffer()).getData();
            int pixels = jpeg.width() * jpeg.height();
            if (inks.length != 4 * pixels) {
                throw ImageRejectedException.corrupt(
                        "the CMYK JPEG has %,d values instead of %,d".formatted(inks.length, 4 * pixels));
            }
            byte[] rgb = new byte[3 * pixels];
            int[] ink = new int[4];
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < 4; c++) {
                    ink[c] = inks[4 * i + c] & 0xff;
                }
                if (jpeg.adobeTransform() == 2) {
                    fromYcck(ink);
                }
                for (int c = 0; c < 3; c++) {
                    // Pillow: K − MULDIV255(255 − C', K), clipped; C' and K as stored.
                    int product = (255 - ink[c]) * ink[3] + 128;
                    rgb[3 * i + c] = (byte) Math.max(0, ink[3] - (((product >> 8) + product) >> 8));
                }
            }
            return new Raster(jpeg.width(), jpeg.height(), rgb);
        } catch (IOException | RuntimeException e) {
            throw ImageRejectedException.corrupt("the CMYK JPEG's pixels cannot be decoded: " + e.getMessage());
        } finally {
            reader.dispose();
        }
    }

    /// YCCK to CMYK with libjpeg's tables (jdcolor.c): 16-bit fixed point, K untouched.
    private static void fromYcck(int[] ink) {
        int y = ink[0];
        int cb = ink[1] - 128;
        int cr = ink[2] - 128;
        int half = 1 << 15;
        int red = y + (fixed(1.40200) * cr + half >> 16);
        int green = y + (-fixed(0.34414) * cb + half - fixed(0.71414) * cr >> 16);
        int blue = y + (fixed(1.77200) * cb + half >> 16);
        ink[0] = clip(255 - red);
        ink[1] = clip(255 - green);
        ink[2] = clip(255 - blue);
    }

    private static int fixed(double factor) {
        return (int) (factor * (1 << 16) + 0.5);
    }

    private static int clip(int value) {
        return Math.clamp(value, 0, 255);
    }
}
