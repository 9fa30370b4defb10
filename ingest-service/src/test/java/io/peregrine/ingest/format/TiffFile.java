package io.peregrine.ingest.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.Deflater;

/// Writes TIFF files of one page in any layout, for tests. Samples are drawn from a formula.
final class TiffFile {
    /// A sample of a pixel, below 2^bits.
    @FunctionalInterface
    interface Samples {
        int at(int x, int y, int sample);
    }

    private final int width;
    private final int height;
    private final int bits;
    private final int count;
    private final Map<Integer, int[]> tags = new TreeMap<>();
    private ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    private int compression = 1;
    private boolean differences;
    private boolean planes;
    private int tile;
    private int rowsOfAStrip;
    private byte[] xmp;

    private TiffFile(int width, int height, int bits, int count, int colour) {
        this.width = width;
        this.height = height;
        this.bits = bits;
        this.count = count;
        this.rowsOfAStrip = height;
        tag(256, width)
                .tag(257, height)
                .tag(258, repeated(bits, count))
                .tag(262, colour)
                .tag(277, count);
    }

    static TiffFile of(int width, int height, int bits, int count, int colour) {
        return new TiffFile(width, height, bits, count, colour);
    }

    private static int[] repeated(int value, int count) {
        int[] values = new int[count];
        Arrays.fill(values, value);
        return values;
    }

    /// @param values written as 16-bit integers if all of them fit, else as 32-bit integers
    TiffFile tag(int number, int... values) {
        tags.put(number, values);
        return this;
    }

    TiffFile without(int number) {
        tags.remove(number);
        return this;
    }

    TiffFile bigEndian() {
        order = ByteOrder.BIG_ENDIAN;
        return this;
    }

    TiffFile planes() {
        planes = true;
        return tag(284, 2);
    }

    TiffFile tiles(int side) {
        tile = side;
        return tag(322, side).tag(323, side);
    }

    TiffFile strips(int rows) {
        rowsOfAStrip = rows;
        return tag(278, rows);
    }

    TiffFile compressed(int method) {
        compression = method;
        return tag(259, method);
    }

    TiffFile differences() {
        differences = true;
        return tag(317, 2);
    }

    TiffFile xmp(String packet) {
        xmp = packet.getBytes();
        return this;
    }

    byte[] of(Samples samples) {
        List<byte[]> blocks = new ArrayList<>();
        int across = tile == 0 ? width : tile;
        int down = tile == 0 ? rowsOfAStrip : tile;
        for (int plane = 0; plane < (planes ? count : 1); plane++) {
            for (int top = 0; top < height; top += down) {
                for (int left = 0; left < width; left += across) {
                    int rows = tile == 0 ? Math.min(down, height - top) : down;
                    blocks.add(packed(block(samples, plane, left, top, across, rows)));
                }
            }
        }
        return written(blocks);
    }

    /// @param strips already compressed
    byte[] around(byte[]... strips) {
        return written(List.of(strips));
    }

    private byte[] block(Samples samples, int plane, int left, int top, int columns, int rows) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int step = planes ? 1 : count;
        for (int y = top; y < top + rows; y++) {
            int[] row = new int[columns * step];
            for (int i = 0; i < row.length; i++) {
                int x = left + i / step;
                row[i] = x < width && y < height ? samples.at(x, y, planes ? plane : i % step) : 0;
            }
            for (int i = row.length - 1; differences && i >= step; i--) {
                row[i] -= row[i - step];
            }
            writeRow(row, out);
        }
        return out.toByteArray();
    }

    private void writeRow(int[] row, ByteArrayOutputStream out) {
        if (bits == 16) {
            ByteBuffer bytes = ByteBuffer.allocate(2 * row.length).order(order);
            for (int value : row) {
                bytes.putShort((short) value);
            }
            out.writeBytes(bytes.array());
            return;
        }
        Bits packed = new Bits(out);
        for (int value : row) {
            packed.put(value, bits);
        }
        packed.flush();
    }

    private byte[] packed(byte[] block) {
        return switch (compression) {
            case 5 -> lzw(block);
            case 8 -> deflated(block);
            case 32_773 -> packBits(block);
            default -> block;
        };
    }

    private static byte[] deflated(byte[] block) {
        Deflater deflater = new Deflater();
        deflater.setInput(block);
        deflater.finish();
        byte[] packed = new byte[2 * block.length + 100];
        int length = deflater.deflate(packed);
        deflater.end();
        return Arrays.copyOf(packed, length);
    }

    /// Runs of equal bytes, else single literals.
    private static byte[] packBits(byte[] block) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0, run; at < block.length; at += run) {
            run = 1;
            while (run < 128 && at + run < block.length && block[at + run] == block[at]) {
                run++;
            }
            out.write(run == 1 ? 0 : 1 - run);
            out.write(block[at]);
        }
        return out.toByteArray();
    }

    private static byte[] lzw(byte[] block) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Bits codes = new Bits(out);
        Map<String, Integer> table = new HashMap<>();
        int size = 9;
        codes.put(256, size);
        String word = "";
        for (byte value : block) {
            String longer = word + (char) (value & 0xff);
            if (longer.length() == 1 || table.containsKey(longer)) {
                word = longer;
                continue;
            }
            codes.put(code(table, word), size);
            table.put(longer, 258 + table.size());
            if (table.size() + 258 == 4_095) {
                codes.put(256, size);
                size = 9;
                table.clear();
            } else if (table.size() + 258 == 1 << size) {
                size++;
            }
            word = longer.substring(longer.length() - 1);
        }
        codes.put(code(table, word), size);
        codes.put(257, size);
        codes.flush();
        return out.toByteArray();
    }

    private static int code(Map<String, Integer> table, String word) {
        return word.length() == 1 ? word.charAt(0) : table.get(word);
    }

    private byte[] written(List<byte[]> blocks) {
        int number = blocks.size();
        int offsetsTag = tile == 0 ? 273 : 324;
        int lengthsTag = tile == 0 ? 279 : 325;
        int entries = tags.size() + 2 + (xmp == null ? 0 : 1);
        int pixels = 8 + 2 + 12 * entries + 4;
        ByteBuffer tail = ByteBuffer.allocate(1 << 20).order(order);
        ByteBuffer out = ByteBuffer.allocate(2 << 20).order(order);
        out.put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 'I' : 'M'))
                .put(out.get(0))
                .putShort((short) 42);
        out.putInt(8).putShort((short) entries);
        int[] offsets = new int[number];
        int[] lengths = new int[number];
        for (int i = 0; i < number; i++) {
            offsets[i] = pixels + tail.position();
            lengths[i] = blocks.get(i).length;
            tail.put(blocks.get(i));
        }
        Map<Integer, int[]> all = new TreeMap<>(tags);
        all.put(offsetsTag, offsets);
        all.put(lengthsTag, lengths);
        all.forEach((tag, values) -> {
            boolean isLong = tag == offsetsTag
                    || tag == lengthsTag
                    || Arrays.stream(values).anyMatch(value -> value > 0xffff);
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.max(4, 4 * values.length)).order(order);
            for (int value : values) {
                if (isLong) {
                    bytes.putInt(value);
                } else {
                    bytes.putShort((short) value);
                }
            }
            entry(out, tag, isLong ? 4 : 3, values.length, bytes, pixels, tail);
        });
        if (xmp != null) {
            entry(out, 700, 1, xmp.length, ByteBuffer.wrap(xmp).position(xmp.length), pixels, tail);
        }
        out.putInt(0).put(tail.flip());
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void entry(
            ByteBuffer out, int tag, int type, int count, ByteBuffer values, int pixels, ByteBuffer tail) {
        out.putShort((short) tag).putShort((short) type).putInt(count);
        int length = values.position();
        if (length <= 4) {
            out.put(values.array(), 0, 4);
            return;
        }
        out.putInt(pixels + tail.position());
        tail.put(values.array(), 0, length);
    }

    /// The highest bit first; rows end at whole bytes.
    private static final class Bits {
        private final ByteArrayOutputStream out;
        private int held;
        private int count;

        Bits(ByteArrayOutputStream out) {
            this.out = out;
        }

        void put(int value, int bits) {
            held = held << bits | value & (1 << bits) - 1;
            count += bits;
            while (count >= 8) {
                count -= 8;
                out.write(held >> count);
            }
        }

        void flush() {
            put(0, (8 - count) % 8);
        }
    }
}
