package io.peregrine.ingest.format;

import io.peregrine.ingest.image.Exif;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import io.peregrine.ingest.image.Xmp;
import java.nio.ByteBuffer;

/// The first page of a TIFF (TIFF 6.0). A page is accepted only if its layout, compression and samples are among
/// those that are proven to be decoded right (`bench/python/bench_decode.py`).
///
/// @param orientation from the page's own tag, else from XMP
/// @param samples of a pixel
/// @param blocks strips or tiles
record Tiff(int width, int height, int orientation, TiffSamples samples, TiffBlocks blocks) implements ImageHeader {
    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    /// A tile of up to this many pixels is accepted however small the image is: it is not a decompression bomb.
    private static final long TILE_PIXELS = 1 << 24;
    /// The same for the pixels of all tiles, most of which may be outside the image.
    private static final long PIXELS_OF_ALL_TILES = 1 << 28;
    /// The same for the width of a tile, since a row of it is kept in memory.
    private static final long TILE_WIDTH = 1 << 16;

    /// @param property what is not supported, as it follows "a TIFF"
    static ImageRejectedException unsupported(String property) {
        return ImageRejectedException.unsupported(
                "a TIFF %s; save it as RGB of 8 or 16 bits, or as PNG".formatted(property));
    }

    static boolean matches(byte[] file) {
        return file.length >= 4
                && (file[0] == 'I' && file[1] == 'I' && file[2] == 42 && file[3] == 0
                        || file[0] == 'M' && file[1] == 'M' && file[2] == 0 && file[3] == 42);
    }

    /// @throws ImageRejectedException if the file ends within a page, even one that is not decoded, or if the
    ///     first page is not one of the supported variants
    static Tiff read(byte[] file) throws ImageRejectedException {
        TiffDirectory page = TiffDirectory.read(file);
        int width = size(page, WIDTH);
        int height = size(page, HEIGHT);
        TiffBlocks blocks = TiffBlocks.read(page, width, height);
        TiffSamples samples = TiffSamples.read(page, blocks);
        requirePossibleSize(file, width, height, samples, blocks);
        int orientation = Exif.orientation(ByteBuffer.wrap(file));
        return new Tiff(
                width,
                height,
                orientation == 0 ? Xmp.orientation(page.bytes(TiffDirectory.XMP)) : orientation,
                samples,
                blocks);
    }

    /// @return 0 if the size is missing or too large for a file that can be read
    private static int size(TiffDirectory page, int tag) throws ImageRejectedException {
        long size = page.number(tag, 0);
        return size > Integer.MAX_VALUE ? 0 : (int) size;
    }

    /// Decoders would fill missing pixels with black.
    private static void requirePossibleSize(byte[] file, int width, int height, TiffSamples samples, TiffBlocks blocks)
            throws ImageRejectedException {
        long pixels = (long) width * height;
        // Counted for one sample only, since colours may be stored in lower resolution than the luminance.
        long bytes = pixels / 8 * samples.bits();
        long packed = blocks.total() == 0 ? file.length : blocks.total();
        if (bytes / blocks.compression().ratioMax() > packed) {
            throw ImageRejectedException.corrupt(
                    "the TIFF's %,d bytes of pixels cannot hold %,d x %,d".formatted(packed, width, height));
        }
        if (blocks.areTiles()) {
            requirePossibleTiles(width, height, blocks);
        }
    }

    private static void requirePossibleTiles(int width, int height, TiffBlocks blocks) throws ImageRejectedException {
        long pixels = (long) width * height;
        long tile = (long) blocks.width() * blocks.height();
        double all = Math.ceil((double) width / blocks.width()) * Math.ceil((double) height / blocks.height()) * tile;
        if (tile > Math.max(pixels, TILE_PIXELS)
                || all > Math.max(4.0 * pixels, PIXELS_OF_ALL_TILES)
                || blocks.width() > Math.max(2L * width, TILE_WIDTH)) {
            throw ImageRejectedException.corrupt("the TIFF has tiles of %,d x %,d pixels for an image of %,d x %,d"
                    .formatted(blocks.width(), blocks.height(), width, height));
        }
    }

    @Override
    public Format format() {
        return Format.TIFF;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        if (!samples.areDecodedNatively(blocks.compression())) {
            return new TiffPixels(this, file).decode();
        }
        // The native decoder fills the rows of missing blocks and only prints a warning.
        blocks.requireAll(file, blocksOfTheImage());
        return OpenCv.decode(Exif.upright(file), Format.TIFF);
    }

    private long blocksOfTheImage() {
        long across = (width + blocks.width() - 1L) / blocks.width();
        long down = (height + blocks.height() - 1L) / blocks.height();
        return across * down * (blocks.planes() ? samples.count() : 1);
    }
}
