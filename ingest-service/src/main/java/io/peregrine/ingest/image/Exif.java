package io.peregrine.ingest.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/// Reads the orientation, the only EXIF value that is used.
public final class Exif {
    static final int ORIENTATION = 0x0112;
    private static final int UPRIGHT = 1;
    /// The types of a 16-bit and of a 32-bit value, without and with a sign.
    private static final int SHORT = 3;

    private static final int LONG = 4;
    private static final int SIGNED_SHORT = 8;
    private static final int SIGNED_LONG = 9;
    private static final byte[] PREFIX = "Exif\0\0".getBytes(ISO_8859_1);

    private Exif() {}

    /// @param exif a TIFF structure, with or without the prefix `Exif␀␀`
    /// @return 1 to 8; 1 also for a value out of range; 0 if there is none or it cannot be read: a broken note
    ///     must not reject an image
    public static int orientation(ByteBuffer exif) {
        ByteBuffer tiff = exif.slice();
        if (tiff.remaining() > 14 && tiff.slice(0, 6).equals(ByteBuffer.wrap(PREFIX))) {
            tiff = tiff.slice(6, tiff.remaining() - 6);
        }
        tiff = inItsOrder(tiff);
        int entry = entry(tiff);
        return entry < 0 ? 0 : value(tiff, entry);
    }

    /// @return a copy of a TIFF with its orientation set to 1, so that the native decoder does not rotate it
    public static byte[] upright(byte[] file) {
        byte[] upright = file.clone();
        ByteBuffer tiff = inItsOrder(ByteBuffer.wrap(upright));
        int entry = entry(tiff);
        if (entry >= 0) {
            tiff.putShort(entry + 2, (short) SHORT).putInt(entry + 4, 1).putShort(entry + 8, (short) UPRIGHT);
        }
        return upright;
    }

    /// @param entry offset of the orientation's entry
    private static int value(ByteBuffer tiff, int entry) {
        if (tiff.getInt(entry + 4) != 1) {
            return UPRIGHT;
        }
        int value = switch (tiff.getShort(entry + 2)) {
            case SHORT, SIGNED_SHORT -> tiff.getShort(entry + 8);
            case LONG, SIGNED_LONG -> tiff.getInt(entry + 8);
            default -> UPRIGHT;
        };
        return value >= 1 && value <= 8 ? value : UPRIGHT;
    }

    private static ByteBuffer inItsOrder(ByteBuffer file) {
        boolean little = file.limit() > 0 && file.get(0) == 'I';
        return file.duplicate().order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    /// @return the offset of the orientation's entry in the first directory; −1 if it is missing
    private static int entry(ByteBuffer tiff) {
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
            if ((tiff.getShort((int) at) & 0xffff) == ORIENTATION) {
                return (int) at;
            }
        }
        return -1;
    }

    /// @param profile ImageMagick's text note `Raw profile type exif`: a line break, a name, a length,
    ///     hexadecimal digits
    public static int orientationOfRawProfile(String profile) {
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
}
