package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// The entries of a TIFF's first page (TIFF 6.0, section 2). Reading them also checks that every page is
/// complete: decoders read the existing part of a strip, and some do not report the rest.
final class TiffDirectory {
    private static final int STRIP_OFFSETS = 273;
    private static final int STRIP_BYTES = 279;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    static final int XMP = 700;
    /// Tags above this number are not part of TIFF 6.0. They may be broken without harm to the image.
    private static final int LAST_OF_TIFF_6 = 532;

    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int UNDEFINED = 7;
    /// More than the strips or tiles of any real image. A hostile file could have as many values as bytes.
    private static final long VALUES_MAX = 1 << 24;

    private static final int[] BYTES_OF_TYPES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};

    /// The values of one directory entry.
    private record Values(long at, long count, int type) {
        static final Values NONE = new Values(0, 0, SHORT);
    }

    private final ByteBuffer in;
    private final Map<Integer, Values> firstPage = new HashMap<>();
    private int read;

    private TiffDirectory(byte[] file) {
        ByteOrder order = file[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        this.in = ByteBuffer.wrap(file).order(order);
    }

    /// @throws ImageRejectedException if the file ends within a page, even one that is not decoded
    static TiffDirectory read(byte[] file) throws ImageRejectedException {
        TiffDirectory first = new TiffDirectory(file);
        Set<Long> pages = new HashSet<>();
        long directory = first.unsigned(4, LONG);
        while (directory != 0 && pages.add(directory)) {
            directory = first.readPage(directory, pages.size() == 1);
        }
        return first;
    }

    /// @return offset of the next page, or 0
    private long readPage(long directory, boolean isFirst) throws ImageRejectedException {
        int entries = (int) unsigned(directory, SHORT);
        Values offsets = Values.NONE;
        Values bytes = Values.NONE;
        for (int i = 0; i < entries; i++) {
            long entry = directory + 2 + 12L * i;
            int tag = (int) unsigned(entry, SHORT);
            if (tag > LAST_OF_TIFF_6 && tag != XMP) {
                continue;
            }
            int type = (int) unsigned(entry + 2, SHORT);
            long count = unsigned(entry + 4, LONG);
            if (tag == XMP && !isWhole(entry, type, count)) {
                continue;
            }
            Values values = new Values(where(entry, type, count), count, type);
            switch (tag) {
                case STRIP_OFFSETS, TILE_OFFSETS -> offsets = integers(values);
                case STRIP_BYTES, TILE_BYTES -> bytes = integers(values);
                default -> {}
            }
            if (isFirst) {
                firstPage.putIfAbsent(tag, values);
            }
        }
        for (long i = 0; i < Math.min(offsets.count, bytes.count); i++) {
            if (value(offsets, i) + value(bytes, i) > in.limit()) {
                throw truncated();
            }
        }
        return unsigned(directory + 2 + 12L * entries, LONG);
    }

    ByteOrder order() {
        return in.order();
    }

    boolean has(int tag) {
        return firstPage.containsKey(tag);
    }

    /// @return the first of a tag's integers, or a default if the tag is missing
    long number(int tag, long missing) throws ImageRejectedException {
        Values values = firstPage.getOrDefault(tag, Values.NONE);
        return values.count == 0 ? missing : value(integers(values), 0);
    }

    /// @return all integers of a tag; none if it is missing
    long[] numbers(int tag) throws ImageRejectedException {
        Values values = integers(firstPage.getOrDefault(tag, Values.NONE));
        if (values.count > VALUES_MAX) {
            throw ImageRejectedException.corrupt("the TIFF has %,d values in one tag".formatted(values.count));
        }
        long[] numbers = new long[Math.toIntExact(values.count)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = value(values, i);
        }
        return numbers;
    }

    /// @return the bytes of a tag, such as an XMP packet; empty if it is missing
    ByteBuffer bytes(int tag) {
        Values values = firstPage.getOrDefault(tag, Values.NONE);
        boolean isText = values.type == BYTE || values.type == UNDEFINED;
        return isText ? in.slice((int) values.at, (int) values.count) : ByteBuffer.allocate(0);
    }

    private boolean isWhole(long entry, int type, long count) throws ImageRejectedException {
        long bytes = bytes(type, count);
        return bytes <= 4 || unsigned(entry + 8, LONG) + bytes <= in.limit();
    }

    private static long bytes(int type, long count) {
        return count * (type < BYTES_OF_TYPES.length ? BYTES_OF_TYPES[type] : 0);
    }

    /// @return offset of an entry's values: within the entry, or elsewhere in the file
    private long where(long entry, int type, long count) throws ImageRejectedException {
        long bytes = bytes(type, count);
        if (bytes <= 4) {
            return entry + 8;
        }
        long at = unsigned(entry + 8, LONG);
        if (at + bytes > in.limit()) {
            throw truncated();
        }
        return at;
    }

    private static Values integers(Values values) throws ImageRejectedException {
        if (values.type != SHORT && values.type != LONG && values.type != BYTE) {
            throw ImageRejectedException.corrupt("the TIFF has sizes or offsets of type %d".formatted(values.type));
        }
        return values;
    }

    private long value(Values values, long index) throws ImageRejectedException {
        return unsigned(values.at + index * BYTES_OF_TYPES[values.type], values.type);
    }

    private long unsigned(long at, int type) throws ImageRejectedException {
        if (at + BYTES_OF_TYPES[type] > in.limit()) {
            throw truncated();
        }
        if (++read > 2L * in.limit()) {
            // A valid file needs each value once while it is checked and once more while it is used. Only
            // overlapping directories have more values than bytes.
            throw ImageRejectedException.corrupt("the TIFF's directories overlap");
        }
        return switch (type) {
            case BYTE -> in.get((int) at) & 0xff;
            case SHORT -> in.getShort((int) at) & 0xffff;
            default -> in.getInt((int) at) & 0xffff_ffffL;
        };
    }

    private ImageRejectedException truncated() {
        return ImageRejectedException.truncated(
                "the TIFF ends after %,d bytes, before the end of a page".formatted(in.limit()));
    }
}
