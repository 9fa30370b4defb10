package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import java.util.Map;

/// The compressions of TIFF that are decoded.
///
/// [#FAX] and [#JPEG] of up to three samples are decoded by the native decoder, the others by [TiffData].
enum TiffCompression {
    NONE(1),
    FAX(Integer.MAX_VALUE),
    LZW(2_730),
    JPEG(512),
    DEFLATE(1_032),
    PACKBITS(64);

    private static final Map<Long, String> UNSUPPORTED = Map.ofEntries(
            Map.entry(6L, "JPEG in the manner of TIFF 5 (old JPEG)"),
            Map.entry(9L, "JBIG"),
            Map.entry(34_661L, "JBIG"),
            Map.entry(32_766L, "NeXT's run lengths"),
            Map.entry(32_771L, "CCITT run lengths by words"),
            Map.entry(32_809L, "ThunderScan"),
            Map.entry(34_676L, "SGI's logarithms"),
            Map.entry(34_677L, "SGI's logarithms"),
            Map.entry(34_712L, "JPEG 2000"),
            Map.entry(34_887L, "LERC"),
            Map.entry(34_892L, "the lossy JPEG of DNG"),
            Map.entry(34_925L, "LZMA"),
            Map.entry(34_933L, "PNG"),
            Map.entry(34_934L, "JPEG XR"),
            Map.entry(22_610L, "JPEG XR"),
            Map.entry(50_000L, "Zstandard"),
            Map.entry(50_001L, "WebP"),
            Map.entry(50_002L, "JPEG XL"),
            Map.entry(52_546L, "JPEG XL"));

    private final long ratioMax;

    TiffCompression(long ratioMax) {
        this.ratioMax = ratioMax;
    }

    /// @return maximum number of pixel bytes that one byte of the file can represent. LZW: 12 bits for a run of
    ///     4,093; JPEG: one bit for a block of 8 x 8; fax: one bit for a row of any length
    long ratioMax() {
        return ratioMax;
    }

    /// @param code the value of tag 259
    /// @throws ImageRejectedException `IMAGE_UNSUPPORTED` with the compression's name
    static TiffCompression of(long code) throws ImageRejectedException {
        return switch ((int) code) {
            case 1 -> NONE;
            case 2, 3, 4 -> FAX;
            case 5 -> LZW;
            case 7 -> JPEG;
            case 8, 32_946 -> DEFLATE;
            case 32_773 -> PACKBITS;
            default -> throw Tiff.unsupported("compressed with " + UNSUPPORTED.getOrDefault(code, "method " + code));
        };
    }
}
