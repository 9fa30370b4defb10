package io.peregrine.ingest.pack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/// Reads the orientation, the only EXIF value that is used.
final class Exif {
    private static final int ORIENTATION = 0x0112;
    /// The type of a 16-bit value.
    private static final short SHORT = 3;
    private static final byte[] PREFIX = "Exif\0\0".getBytes(ISO_8859_1);

    private Exif() {}

    /// @param exif a TIFF structure, with or without the prefix `Exif␀␀`
    /// @return 1 to 8; 0 if there is none or it cannot be read: a broken note must not reject an image
    static int orientation(ByteBuffer exif) {
        ByteBuffer tiff = exif.slice();
        if (tiff.remaining() > 14 && tiff.slice(0, 6).equals(ByteBuffer.wrap(PREFIX))) {
            tiff = tiff.slice(6, tiff.remaining() - 6);
        }
        return Math.toIntExact(tag(tiff, ORIENTATION, 0, 8));
    }

    /// @return a copy of a TIFF with its orientation set to 1, so that the native decoder does not rotate it
    static byte[] upright(byte[] file) {
        byte[] upright = file.clone();
        ByteBuffer tiff = inItsOrder(ByteBuffer.wrap(upright));
        int entry = entry(tiff, ORIENTATION);
        if (entry >= 0 && tiff.getShort(entry + 2) == SHORT) {
            tiff.putShort(entry + 8, (short) 1);
        }
        return upright;
    }

    /// @return the integer of a tag in the first directory of a TIFF; 0 if it is missing or out of range
    static long tag(ByteBuffer file, int tag, long least, long most) {
        ByteBuffer tiff = inItsOrder(file);
        int entry = entry(tiff, tag);
        if (entry < 0) {
            return 0;
        }
        boolean isShort = tiff.getShort(entry + 2) == SHORT;
        long value = isShort ? tiff.getShort(entry + 8) & 0xffff : tiff.getInt(entry + 8) & 0xffff_ffffL;
        return value >= least && value <= most ? value : 0;
    }

    private static ByteBuffer inItsOrder(ByteBuffer file) {
        boolean little = file.limit() > 0 && file.get(0) == 'I';
        return file.duplicate().order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    /// @return the offset of a tag's entry in the first directory; −1 if it is missing
    private static int entry(ByteBuffer tiff, int tag) {
        if (tiff.limit() < 8 || (tiff.getShort(0) != 0x4949 && tiff.getShort(0) != 0x4d4d)) {
            return -1;
        }
        long directory = tiff.getInt(4) & 0xffff_ffffL;
        if (directory + 2 > tiff.limit()) {
            return -1;
        }
        int entries = tiff.getShort((int) directory) & 0xffff;
        for (int i = 0; i < entries; i++) {
            long at = directory + 2 + 12L * i;
            if (at + 12 > tiff.limit()) {
                return -1;
            }
            if ((tiff.getShort((int) at) & 0xffff) == tag) {
                return (int) at;
            }
        }
        return -1;
    }

    /// @param profile ImageMagick's text note `Raw profile type exif`: a line break, a name, a length,
    ///     hexadecimal digits
    static int orientationOfRawProfile(String profile) {
        String[] lines = profile.strip().split("\n", 3);
        if (lines.length < 3) {
            return 0;
        }
        try {
            return orientation(ByteBuffer.wrap(HexFormat.of().parseHex(lines[2].replaceAll("\\s", ""))));
        } catch (IllegalArgumentException noHexadecimal) {
            return 0;
        }
    }

    /// @param xmp an XMP packet; Pillow reads it if EXIF has no orientation
    static int orientationOfXmp(String xmp) {
        for (String before : new String[] {"tiff:Orientation=\"", "tiff:Orientation>"}) {
            int at = xmp.indexOf(before);
            if (at >= 0 && at + before.length() < xmp.length()) {
                int digit = xmp.charAt(at + before.length()) - '0';
                return digit >= 1 && digit <= 8 ? digit : 0;
            }
        }
        return 0;
    }
}
