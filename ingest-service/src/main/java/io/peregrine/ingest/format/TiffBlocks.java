package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Where the samples of a TIFF page are in the file: strips or tiles, called blocks here.
///
/// @param differences whether each sample is stored as its difference from the sample to its left (predictor 2)
/// @param reversed whether the first bit is the lowest of its byte (fill order 2)
/// @param planes whether each sample of a pixel has blocks of its own (planar configuration 2)
/// @param width of a block; a strip has the width of the image
/// @param height of a block; the last strip may have fewer rows
/// @param offsets of the blocks in the file, plane by plane, row by row
/// @param lengths of the blocks in bytes; 0 if the writer omitted them
/// @param jpegTables a JPEG with the tables that all blocks share; empty if each block has its own
record TiffBlocks(
        ByteOrder order,
        TiffCompression compression,
        boolean differences,
        boolean reversed,
        boolean planes,
        boolean areTiles,
        int width,
        int height,
        long[] offsets,
        long[] lengths,
        ByteBuffer jpegTables) {
    private static final int JPEG_TABLES = 347;
    private static final int COMPRESSION = 259;
    private static final int FILL_ORDER = 266;
    private static final int STRIP_OFFSETS = 273;
    private static final int ROWS_PER_STRIP = 278;
    private static final int STRIP_BYTES = 279;
    private static final int PLANES = 284;
    private static final int PREDICTOR = 317;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int DIFFERENCES = 2;
    /// Bytes of the header of a TIFF, in which no block can begin.
    private static final int HEADER_BYTES = 8;
    /// No compression needs more bytes than these for a pixel and for its own headers. Without a limit, blocks
    /// that overlap could each be as long as the file, and reading all of them would take hours.
    private static final long BYTES_OF_A_PIXEL = 32;

    private static final long BYTES_OF_HEADERS = 1 << 16;

    /// @param width of the image
    /// @param height of the image
    /// @throws ImageRejectedException if the compression is not supported, or the blocks have no size
    static TiffBlocks read(TiffDirectory page, int width, int height) throws ImageRejectedException {
        TiffCompression compression = TiffCompression.of(page.number(COMPRESSION, 1));
        boolean isPredictable = compression == TiffCompression.LZW || compression == TiffCompression.DEFLATE;
        long predictor = isPredictable ? page.number(PREDICTOR, 1) : 1;
        if (predictor != 1 && predictor != DIFFERENCES) {
            throw Tiff.unsupported("with predictor %d (floating-point values)".formatted(predictor));
        }
        boolean areTiles = page.has(TILE_OFFSETS);
        long[] offsets = page.numbers(areTiles ? TILE_OFFSETS : STRIP_OFFSETS);
        long[] lengths = Arrays.copyOf(page.numbers(areTiles ? TILE_BYTES : STRIP_BYTES), offsets.length);
        long blockWidth = areTiles ? page.number(TILE_WIDTH, 0) : width;
        long blockHeight =
                areTiles ? page.number(TILE_HEIGHT, 0) : Math.min(height, page.number(ROWS_PER_STRIP, height));
        if (blockWidth < 1 || blockWidth > Integer.MAX_VALUE || blockHeight < 1 || blockHeight > Integer.MAX_VALUE) {
            throw ImageRejectedException.corrupt(
                    "the TIFF has strips or tiles of %d x %d pixels".formatted(blockWidth, blockHeight));
        }
        return new TiffBlocks(
                page.order(),
                compression,
                predictor == DIFFERENCES,
                page.number(FILL_ORDER, 1) == 2,
                page.number(PLANES, 1) == 2,
                areTiles,
                (int) blockWidth,
                (int) blockHeight,
                offsets,
                lengths,
                page.bytes(JPEG_TABLES));
    }

    /// @return bytes of all blocks; 0 if the writer omitted them
    long total() {
        return Arrays.stream(lengths).sum();
    }

    /// @param count of the blocks that the image needs
    /// @throws ImageRejectedException if one of them is missing or empty. Only a single block may have no length;
    ///     it extends to the end of the file
    void requireAll(byte[] file, long count) throws ImageRejectedException {
        if (count > offsets.length) {
            throw missing(offsets.length);
        }
        for (int block = 0; block < count; block++) {
            if (lengths[block] == 0 && count > 1 || !begins(file, block)) {
                throw missing(block);
            }
        }
    }

    private boolean begins(byte[] file, int block) {
        return offsets[block] >= HEADER_BYTES && offsets[block] < file.length;
    }

    private ImageRejectedException missing(int block) {
        return ImageRejectedException.corrupt(
                "strip or tile %d of the TIFF is missing; it has %d".formatted(block, offsets.length));
    }

    /// @return the bytes of a block, and bytes after it if its length is unknown
    /// @throws ImageRejectedException if the block is missing, as in the sparse files of GDAL
    ByteBuffer data(byte[] file, int block) throws ImageRejectedException {
        if (block >= offsets.length || !begins(file, block)) {
            throw missing(block);
        }
        int at = (int) offsets[block];
        int length = lengths[block] == 0 ? file.length - at : (int) Math.min(lengths[block], file.length - at);
        long most = BYTES_OF_HEADERS + BYTES_OF_A_PIXEL * width * height;
        return ByteBuffer.wrap(file, at, (int) Math.min(length, most));
    }
}
