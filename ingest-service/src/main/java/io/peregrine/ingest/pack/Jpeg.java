package io.peregrine.ingest.pack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;

/// The markers of a JPEG (ITU-T T.81, annex B). The native decoder reads the pixels.
///
/// @param components 1 grey, 3 colour, 4 CMYK or YCCK
/// @param orientation from EXIF or XMP, 0 if there is none
/// @param adobeTransform 0 none, 1 YCbCr, 2 YCCK; −1 if there is no Adobe marker
record Jpeg(int width, int height, int components, int orientation, int adobeTransform) {
    /// A progressive image has about ten scans. Each scan costs the decoder a pass over all pixels, but costs a
    /// hostile file almost no bytes. More scans are accepted only while their total cost is small.
    private static final int SCANS = 20;

    private static final long PIXELS_OF_ALL_SCANS = 2_000_000_000;
    private static final int COST_OF_A_SCAN = 1_000;

    static boolean matches(byte[] file) {
        return file.length > 3 && (file[0] & 0xff) == 0xff && (file[1] & 0xff) == 0xd8 && (file[2] & 0xff) == 0xff;
    }

    /// Reads the markers up to the frame header with the size.
    static Jpeg header(byte[] file) throws ImageRejectedException {
        return read(file, false);
    }

    /// Reads all markers up to the end marker. A decoder would silently accept half a file and fill the rest with
    /// grey.
    ///
    /// @throws ImageRejectedException if the file ends before its end marker
    static Jpeg whole(byte[] file) throws ImageRejectedException {
        return read(file, true);
    }

    private static Jpeg read(byte[] file, boolean toTheEnd) throws ImageRejectedException {
        ByteBuffer in = ByteBuffer.wrap(file);
        int exif = 0;
        int xmp = 0;
        int adobe = -1;
        int[] frame = null;
        int scans = 0;
        int at = 2;
        while (true) {
            if (at + 2 > file.length) {
                throw ImageRejectedException.truncated(
                        "the JPEG ends after %,d bytes without its end marker".formatted(file.length));
            }
            if ((file[at] & 0xff) != 0xff) {
                // Compressed data, or garbage between segments, which every decoder skips.
                at++;
                continue;
            }
            int marker = file[at + 1] & 0xff;
            if (marker == 0xff) {
                at++;
                continue;
            }
            at += 2;
            if (marker == 0xd9) {
                break;
            }
            if (!isSegment(marker)) {
                continue;
            }
            scans += marker == 0xda ? 1 : 0;
            int length = at + 2 > file.length ? file.length : in.getShort(at) & 0xffff;
            if (at + length > file.length) {
                throw ImageRejectedException.truncated("the JPEG ends within its marker FF %02X".formatted(marker));
            }
            if (length < 2) {
                throw ImageRejectedException.corrupt(
                        "the JPEG's marker FF %02X has length %d".formatted(marker, length));
            }
            ByteBuffer segment = in.slice(at + 2, length - 2);
            if (isFrame(marker) && frame == null) {
                frame = frame(marker, segment);
                if (!toTheEnd) {
                    break;
                }
            } else if (marker == 0xe1 && startsWith(segment, "Exif\0\0")) {
                exif = exif == 0 ? Exif.orientation(segment) : exif;
            } else if (marker == 0xe1 && startsWith(segment, "http://ns.adobe.com/xap/1.0/\0")) {
                xmp = Exif.orientationOfXmp(ISO_8859_1.decode(segment).toString());
            } else if (marker == 0xee && startsWith(segment, "Adobe") && segment.limit() >= 12) {
                adobe = segment.get(11) & 0xff;
            }
            at += length;
        }
        if (frame == null) {
            throw ImageRejectedException.corrupt("the JPEG has no frame header, so its size is unknown");
        }
        long cost = ((long) frame[0] * frame[1] + COST_OF_A_SCAN) * scans;
        if (scans > SCANS && cost > PIXELS_OF_ALL_SCANS) {
            throw ImageRejectedException.corrupt(
                    "the JPEG has %,d scans of %,d x %,d pixels, which is too slow to decode; save it again"
                            .formatted(scans, frame[0], frame[1]));
        }
        if (toTheEnd && (long) ((frame[0] + 7) / 8) * ((frame[1] + 7) / 8) > 8L * file.length) {
            // Each block of 8 x 8 takes at least one bit. A decoder would fill missing blocks with grey.
            throw ImageRejectedException.corrupt(
                    "the JPEG's %,d bytes cannot hold %,d x %,d pixels".formatted(file.length, frame[0], frame[1]));
        }
        return new Jpeg(frame[0], frame[1], frame[2], exif == 0 ? xmp : exif, adobe);
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
