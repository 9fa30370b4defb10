package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The first frame of a GIF, 87a or 89a, on its canvas (GIF89a specification, sections 17 to 23), as Pillow
/// renders it. Outside the frame the canvas has the transparent colour, or the first colour of the palette if
/// there is no transparent one.
///
/// This parser exists because the JDK's reader silently ignores missing data, and OpenCV 4.9 does not read GIF.
///
/// @param width of the canvas, extended where the frame exceeds it
/// @param left the first column of the frame on the canvas
/// @param columns of the frame
/// @param palette u8 [256, 3]
/// @param transparent index of the transparent colour; −1 if there is none
/// @param pixelBits of an uncompressed pixel
/// @param data offset of the compressed pixels in the file
record Gif(
        int width,
        int height,
        int left,
        int top,
        int columns,
        int rows,
        boolean interlaced,
        byte[] palette,
        int transparent,
        int pixelBits,
        int data)
        implements ImageHeader {
    private static final int PALETTE = 0x80;
    private static final int INTERLACED = 0x40;
    private static final int GRAPHIC_CONTROL = 0xf9;

    static boolean matches(byte[] file) {
        return file.length >= 6
                && ISO_8859_1.decode(ByteBuffer.wrap(file, 0, 6)).toString().matches("GIF8[79]a");
    }

    /// Reads up to the pixels of the first frame.
    ///
    /// @throws ImageRejectedException if the file ends before them, or has no frame
    static Gif read(byte[] file) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int screen = value(in, 10);
        int transparent = -1;
        int at = 13 + paletteBytes(screen);
        int block = value(in, at);
        while (block != ',') {
            if (block == ';') {
                throw ImageRejectedException.corrupt("the GIF has no frame");
            }
            if (block == '!') {
                boolean control = value(in, at + 1) == GRAPHIC_CONTROL && value(in, at + 2) >= 4;
                if (control && (value(in, at + 3) & 1) == 1) {
                    transparent = value(in, at + 6);
                }
                at = behind(in, at + 2);
            } else {
                // Garbage between blocks, which every reader skips.
                at++;
            }
            block = value(in, at);
        }
        int frame = value(in, at + 9);
        int data = at + 10 + paletteBytes(frame);
        int bits = value(in, data);
        int left = in.getShort(at + 1) & 0xffff;
        int top = in.getShort(at + 3) & 0xffff;
        int columns = in.getShort(at + 5) & 0xffff;
        int rows = in.getShort(at + 7) & 0xffff;
        if (columns == 0 || rows == 0 || bits < 1 || bits > 8) {
            throw ImageRejectedException.corrupt(
                    "the GIF's first frame has %d x %d pixels of %d bits".formatted(columns, rows, bits));
        }
        return new Gif(
                Math.max(in.getShort(6) & 0xffff, left + columns),
                Math.max(in.getShort(8) & 0xffff, top + rows),
                left,
                top,
                columns,
                rows,
                (frame & INTERLACED) != 0,
                (frame & PALETTE) != 0 ? palette(in, at + 10, frame) : palette(in, 13, screen),
                transparent,
                bits,
                data + 1);
    }

    @Override
    public Format format() {
        return Format.GIF;
    }

    @Override
    public Raster decode(byte[] file) throws ImageRejectedException {
        return GifPixels.decode(this, file);
    }

    /// Checks the blocks of all frames. A file that ends between two blocks lacks only its trailer and is
    /// accepted.
    ///
    /// @throws ImageRejectedException if it ends within a frame, even one that is not decoded
    void requireComplete(byte[] file) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file);
        int at = behind(in, data);
        while (at < file.length && (file[at] == '!' || file[at] == ',')) {
            at = behind(in, file[at] == '!' ? at + 2 : at + 11 + paletteBytes(value(in, at + 9)));
        }
    }

    /// @param flags of the screen or of a frame
    private static int paletteBytes(int flags) {
        return (flags & PALETTE) == 0 ? 0 : 3 * colours(flags);
    }

    private static int colours(int flags) {
        return 2 << (flags & 7);
    }

    /// Colours that are not in the palette are black. Without a palette, or if each colour is the grey of its own
    /// index, all are greys.
    private static byte[] palette(ByteBuffer in, int at, int flags) {
        byte[] palette = new byte[3 * 256];
        boolean greys = true;
        int defined = (flags & PALETTE) == 0 ? 0 : colours(flags);
        for (int i = 0; i < 3 * defined; i++) {
            palette[i] = in.get(at + i);
            greys &= palette[i] == (byte) (i / 3);
        }
        for (int i = 0; greys && i < palette.length; i++) {
            palette[i] = (byte) (i / 3);
        }
        return palette;
    }

    /// @return the offset after a chain of sub-blocks
    private static int behind(ByteBuffer in, int blocks) throws ImageRejectedException {
        int at = blocks;
        for (int length = value(in, at); length > 0; length = value(in, at)) {
            at += 1 + length;
        }
        return at + 1;
    }

    private static int value(ByteBuffer in, int at) throws ImageRejectedException {
        if (at >= in.limit()) {
            throw ImageRejectedException.truncated(
                    "the GIF ends after %,d bytes, within a frame or its header".formatted(in.limit()));
        }
        return in.get(at) & 0xff;
    }
}
