package io.peregrine.ingest.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the orientation of an XMP packet, as Pillow's `exif_transpose` does where EXIF has none: the first
/// `tiff:Orientation`, as an attribute or as an element.
public final class Xmp {
    private static final Pattern ORIENTATION = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    private Xmp() {}

    /// @return 0 to 9, of which only 2 to 8 change an image; 0 if there is none
    public static int orientation(String packet) {
        Matcher found = ORIENTATION.matcher(packet);
        return found.find() ? found.group(1).charAt(0) - '0' : 0;
    }

    public static int orientation(ByteBuffer packet) {
        return orientation(ISO_8859_1.decode(packet.duplicate()).toString());
    }
}
