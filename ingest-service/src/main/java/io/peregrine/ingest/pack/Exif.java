package io.peregrine.ingest.pack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/// The one thing that we take from EXIF: which way up.
final class Exif {
    private static final int ORIENTATION = 0x0112;
    private static final byte[] PREFIX = "Exif\0\0".getBytes(ISO_8859_1);

    private Exif() {}

    /// @param exif a TIFF structure, with or without `Exif␀␀` in front
    /// @return 1 to 8; 0 where there is none or it cannot be read, for a broken note spoils no picture
    static int orientation(ByteBuffer exif) {
        ByteBuffer tiff = exif.slice();
        if (tiff.remaining() > 14 && tiff.slice(0, 6).equals(ByteBuffer.wrap(PREFIX))) {
            tiff = tiff.slice(6, tiff.remaining() - 6);
        }
        return Math.toIntExact(tag(tiff, ORIENTATION, 0, 8));
    }

    /// @return the whole number that the first directory of a TIFF holds under a tag; 0 if it is not there
    static long tag(ByteBuffer tiff, int tag, long least, long most) {
        if (tiff.limit() < 8) {
            return 0;
        }
        int mark = tiff.getShort(0);
        if (mark != 0x4949 && mark != 0x4d4d) {
            return 0;
        }
        ByteBuffer in = tiff.duplicate().order(mark == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = in.getInt(4) & 0xffff_ffffL;
        if (directory + 2 > in.limit()) {
            return 0;
        }
        int entries = in.getShort((int) directory) & 0xffff;
        for (int i = 0; i < entries; i++) {
            long at = directory + 2 + 12L * i;
            if (at + 12 > in.limit()) {
                return 0;
            }
            if ((in.getShort((int) at) & 0xffff) == tag) {
                boolean isShort = in.getShort((int) at + 2) == 3;
                long value = isShort ? in.getShort((int) at + 8) & 0xffff : in.getInt((int) at + 8) & 0xffff_ffffL;
                return value >= least && value <= most ? value : 0;
            }
        }
        return 0;
    }

    /// @param profile ImageMagick's text note `Raw profile type exif`: a line break, a name, a length, hexadecimal
    /// digits
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

    /// @param xmp an XMP packet; Pillow looks there when EXIF says nothing
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
