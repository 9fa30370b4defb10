package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// Decompresses a strip or tile of a TIFF, row by row. Memory does not depend on its size.
abstract sealed class TiffData implements AutoCloseable {
    /// Fills the array with the next bytes.
    ///
    /// @throws ImageRejectedException if the data ends or is damaged
    abstract void read(byte[] row) throws ImageRejectedException;

    @Override
    public void close() {}

    /// @param blocks of a page that is not decoded natively
    /// @param data the strip or tile
    static TiffData open(TiffBlocks blocks, ByteBuffer data) throws ImageRejectedException {
        ByteBuffer in = blocks.reversed() ? reversed(data) : data.slice();
        return switch (blocks.compression()) {
            case NONE -> new Plain(in);
            case LZW -> new Lzw(in);
            case DEFLATE -> new Deflate(in);
            case PACKBITS -> new PackBits(in);
            case JPEG -> new JpegOfFour(in, blocks);
            case FAX -> throw new IllegalArgumentException("fax is decoded natively");
        };
    }

    private static ByteBuffer reversed(ByteBuffer data) {
        ByteBuffer reversed = ByteBuffer.allocate(data.remaining());
        for (int at = data.position(); at < data.limit(); at++) {
            reversed.put((byte) (Integer.reverse(data.get(at)) >>> 24));
        }
        return reversed.flip();
    }

    private static ImageRejectedException endsEarly() {
        return ImageRejectedException.corrupt("the TIFF's data ends before its last pixel");
    }

    private static final class Plain extends TiffData {
        private final ByteBuffer in;

        Plain(ByteBuffer in) {
            this.in = in;
        }

        @Override
        void read(byte[] row) throws ImageRejectedException {
            if (in.remaining() < row.length) {
                throw endsEarly();
            }
            in.get(row);
        }
    }

    /// A JPEG of four components, such as CMYK, whose samples are not converted. The only one that is decoded at
    /// once.
    private static final class JpegOfFour extends TiffData {
        private final ByteBuffer samples;

        JpegOfFour(ByteBuffer in, TiffBlocks blocks) throws ImageRejectedException {
            byte[] file = joined(blocks.jpegTables().duplicate(), in);
            if (!Jpeg.matches(file)) {
                throw ImageRejectedException.corrupt("a strip or tile of the TIFF is not a JPEG");
            }
            Jpeg jpeg = Jpeg.read(file);
            jpeg.requireWhole(file);
            if (jpeg.components() != 4 || jpeg.width() != blocks.width() || jpeg.height() > blocks.height()) {
                throw ImageRejectedException.corrupt(
                        "a strip or tile of the TIFF is a JPEG of %d x %d pixels with %d components"
                                .formatted(jpeg.width(), jpeg.height(), jpeg.components()));
            }
            this.samples = ByteBuffer.wrap(CmykJpeg.samples(jpeg, file));
        }

        /// The tables without their end marker, then the block without its start marker.
        private static byte[] joined(ByteBuffer tables, ByteBuffer block) {
            if (tables.remaining() < 4 || block.remaining() < 2) {
                byte[] alone = new byte[block.remaining()];
                block.get(alone);
                return alone;
            }
            byte[] file = new byte[tables.remaining() - 2 + block.remaining() - 2];
            int length = tables.remaining() - 2;
            tables.get(file, 0, length);
            block.position(2).get(file, length, file.length - length);
            return file;
        }

        @Override
        void read(byte[] row) throws ImageRejectedException {
            if (samples.remaining() < row.length) {
                throw endsEarly();
            }
            samples.get(row);
        }
    }

    private static final class Deflate extends TiffData {
        private final Inflater inflater = new Inflater();

        Deflate(ByteBuffer in) {
            inflater.setInput(in);
        }

        @Override
        void read(byte[] row) throws ImageRejectedException {
            try {
                int at = 0;
                while (at < row.length) {
                    int count = inflater.inflate(row, at, row.length - at);
                    if (count == 0) {
                        throw endsEarly();
                    }
                    at += count;
                }
            } catch (DataFormatException e) {
                throw ImageRejectedException.corrupt("the TIFF's data cannot be inflated: " + e.getMessage());
            }
        }

        @Override
        public void close() {
            inflater.end();
        }
    }

    /// TIFF 6.0, section 9: a byte n from 0 to 127 precedes n + 1 literal bytes, from −127 to −1 a byte to repeat
    /// 1 − n times.
    private static final class PackBits extends TiffData {
        private final ByteBuffer in;
        private int literals;
        private int repeats;
        private byte repeated;

        PackBits(ByteBuffer in) {
            this.in = in;
        }

        @Override
        void read(byte[] row) throws ImageRejectedException {
            for (int at = 0; at < row.length; at++) {
                while (literals == 0 && repeats == 0) {
                    int header = next();
                    literals = header >= 0 ? header + 1 : 0;
                    repeats = header < 0 && header != -128 ? 1 - header : 0;
                    repeated = repeats > 0 ? next() : 0;
                }
                if (literals > 0) {
                    literals--;
                    row[at] = next();
                } else {
                    repeats--;
                    row[at] = repeated;
                }
            }
        }

        private byte next() throws ImageRejectedException {
            if (!in.hasRemaining()) {
                throw endsEarly();
            }
            return in.get();
        }
    }

    /// TIFF 6.0, section 13: codes of 9 to 12 bits, the highest bit first, which grow one code early.
    private static final class Lzw extends TiffData {
        private static final int CODES = 4_096;
        private static final int CLEAR = 256;
        private static final int END = 257;

        private final byte[] in;
        private final int end;
        private int at;
        private final short[] prefix = new short[CODES];
        private final byte[] last = new byte[CODES];
        /// The decoded string, reversed: its next byte is at `length - 1`.
        private final byte[] string = new byte[CODES + 1];

        private int length;
        private int size = 9;
        private int next = END + 1;
        private int previous = -1;
        private byte first;
        private int bits;
        private int bitCount;

        Lzw(ByteBuffer in) throws ImageRejectedException {
            this.in = in.array();
            this.at = in.arrayOffset() + in.position();
            this.end = in.arrayOffset() + in.limit();
            if (in.remaining() >= 2 && in.get(0) == 0 && (in.get(1) & 1) == 1) {
                throw Tiff.unsupported("compressed with LZW in the manner of TIFF 5 (lowest bit first)");
            }
        }

        @Override
        void read(byte[] row) throws ImageRejectedException {
            int to = 0;
            while (to < row.length) {
                while (length == 0) {
                    decode(code());
                }
                row[to++] = string[--length];
            }
        }

        private void decode(int code) throws ImageRejectedException {
            if (code == END) {
                throw endsEarly();
            }
            if (code == CLEAR) {
                size = 9;
                next = END + 1;
                previous = -1;
                return;
            }
            if (code > next || code == next && previous < 0 || previous < 0 && code > CLEAR) {
                throw ImageRejectedException.corrupt(
                        "the TIFF's data uses code %d before it is defined".formatted(code));
            }
            int rest = code;
            if (code == next) {
                // This code is not defined yet: it is the previous string followed by its own first byte.
                string[length++] = first;
                rest = previous;
            }
            while (rest > CLEAR) {
                string[length++] = last[rest];
                rest = prefix[rest];
            }
            first = (byte) rest;
            string[length++] = first;
            if (previous >= 0 && next < CODES) {
                prefix[next] = (short) previous;
                last[next++] = first;
                size += next == (1 << size) - 1 && size < 12 ? 1 : 0;
            }
            previous = code;
        }

        private int code() throws ImageRejectedException {
            while (bitCount < size) {
                if (at == end) {
                    throw endsEarly();
                }
                bits = bits << 8 | in[at++] & 0xff;
                bitCount += 8;
            }
            bitCount -= size;
            return bits >>> bitCount & (1 << size) - 1;
        }
    }
}
