package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.image.Exif;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Xmp;
import java.nio.ByteBuffer;

/// Reads the markers of a JPEG (ITU-T T.81, annex B), once and from front to back.
final class JpegMarkers {
    private static final int END = 0xd9;
    private static final int SCAN = 0xda;
    private static final int APPLICATION_1 = 0xe1;
    private static final int APPLICATION_14 = 0xee;
    private static final String EXIF = "Exif\0\0";
    private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

    private final byte[] file;
    private final ByteBuffer in;
    private int at = 2;
    private int exif;
    private int xmp;
    private int adobe = -1;
    private int[] frame;
    private int scans;

    JpegMarkers(byte[] file) {
        this.file = file;
        this.in = ByteBuffer.wrap(file);
    }

    Jpeg read() throws ImageRejectedException {
        String truncated = readToTheEnd();
        if (frame == null) {
            throw truncated != null
                    ? ImageRejectedException.truncated(truncated)
                    : ImageRejectedException.corrupt("the JPEG has no frame header, so its size is unknown");
        }
        return new Jpeg(frame[0], frame[1], frame[2], exif == 0 ? xmp : exif, adobe, scans, truncated);
    }

    /// @return null, or why the file ends before its end marker
    private String readToTheEnd() throws ImageRejectedException {
        while (at + 2 <= file.length) {
            if ((file[at] & 0xff) != 0xff || (file[at + 1] & 0xff) == 0xff) {
                // Compressed data, or garbage between segments, which every decoder skips.
                at++;
                continue;
            }
            int marker = file[at + 1] & 0xff;
            at += 2;
            if (marker == END) {
                return null;
            }
            if (!isSegment(marker)) {
                continue;
            }
            scans += marker == SCAN ? 1 : 0;
            int length = at + 2 > file.length ? file.length : in.getShort(at) & 0xffff;
            if (at + length > file.length) {
                return "the JPEG ends within its marker FF %02X".formatted(marker);
            }
            if (length < 2) {
                throw ImageRejectedException.corrupt(
                        "the JPEG's marker FF %02X has length %d".formatted(marker, length));
            }
            readSegment(marker, in.slice(at + 2, length - 2));
            at += length;
        }
        return "the JPEG ends after %,d bytes without its end marker".formatted(file.length);
    }

    private void readSegment(int marker, ByteBuffer segment) throws ImageRejectedException {
        if (isFrame(marker) && frame == null) {
            frame = frame(marker, segment);
        } else if (marker == APPLICATION_1 && startsWith(segment, EXIF)) {
            exif = exif == 0 ? Exif.orientation(segment) : exif;
        } else if (marker == APPLICATION_1 && startsWith(segment, XMP)) {
            xmp = Xmp.orientation(segment);
        } else if (marker == APPLICATION_14 && startsWith(segment, "Adobe") && segment.limit() >= 12) {
            adobe = segment.get(11) & 0xff;
        }
    }

    private static int[] frame(int marker, ByteBuffer segment) throws ImageRejectedException {
        if (segment.limit() < 6) {
            throw ImageRejectedException.corrupt("the JPEG's frame header is truncated");
        }
        int bits = segment.get(0);
        int height = segment.getShort(1) & 0xffff;
        int width = segment.getShort(3) & 0xffff;
        int components = segment.get(5);
        if (bits != 8 || marker > 0xc2) {
            throw ImageRejectedException.unsupported(
                    "a JPEG of %d bits and process SOF%d; save it as baseline or progressive, 8 bits"
                            .formatted(bits, marker - 0xc0));
        }
        if (components != 1 && components != 3 && components != 4) {
            throw ImageRejectedException.unsupported(
                    "a JPEG of %d components; 1, 3 and 4 are supported".formatted(components));
        }
        return new int[] {width, height, components};
    }

    private static boolean isFrame(int marker) {
        return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }

    /// Excludes stuffed 00 bytes, restart markers and stray bytes of damaged data, which have no length field.
    private static boolean isSegment(int marker) {
        return marker >= 0xc0 && marker != 0xd8 && !(marker >= 0xd0 && marker <= 0xd7) && marker <= 0xfe;
    }

    private static boolean startsWith(ByteBuffer segment, String text) {
        byte[] begin = text.getBytes(ISO_8859_1);
        return segment.limit() >= begin.length && segment.slice(0, begin.length).equals(ByteBuffer.wrap(begin));
    }
}
