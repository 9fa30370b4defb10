package io.peregrine.ingest.pack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A BMP of 1, 4, 8, 24 or 32 bits a pixel, also run-length encoded. The native decoder reads the pixels.
record Bmp(int width, int height) implements ImageHeader {
    /// Bytes of the smallest and of the largest information header.
    private static final int CORE = 12;

    private static final int LARGEST = 124;

    static boolean matches(byte[] file) {
        if (file.length < 26 || file[0] != 'B' || file[1] != 'M') {
            return false;
        }
        int information = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(14);
        return information >= CORE && information <= LARGEST;
    }

    /// @throws ImageRejectedException if the file ends before its pixels do, or for 16 bits a pixel
    static Bmp read(byte[] file) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        boolean core = in.getInt(14) == CORE;
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
        return new Bmp(width, height);
    }

    @Override
    public Format format() {
        return Format.BMP;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        return OpenCv.decode(file, Format.BMP);
    }
}
