package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.image.Exif;
import io.peregrine.ingest.image.Xmp;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// The chunks of a PNG that may contain its orientation, in the order in which Pillow asks them: EXIF, else EXIF
/// in the text that ImageMagick writes; then XMP. Other text chunks are never inflated, since they may be
/// decompression bombs.
final class PngNotes {
    private static final String RAW_PROFILE = "Raw profile type exif";
    private static final String XMP = "XML:com.adobe.xmp";
    /// Pillow's limit of an inflated text chunk.
    private static final int BYTES_MAX = 1 << 20;

    private ByteBuffer exif;
    private String rawProfile;
    private String xmp;

    /// @param type `eXIf`, `tEXt`, `zTXt` or `iTXt`
    void add(String type, ByteBuffer chunk) {
        if (type.equals("eXIf")) {
            exif = chunk;
            return;
        }
        int end = zero(chunk, 0);
        String key = ISO_8859_1.decode(chunk.slice(0, end)).toString();
        if (!key.equals(RAW_PROFILE) && !key.equals(XMP)) {
            return;
        }
        String text = text(type, chunk, end + 1);
        if (text != null && key.equals(XMP)) {
            xmp = text;
        } else if (text != null) {
            rawProfile = text;
        }
    }

    /// @return 1 to 8, or 0 if no note has one
    int orientation() {
        int found = 0;
        if (exif != null) {
            found = Exif.orientation(exif);
        } else if (rawProfile != null) {
            found = Exif.orientationOfRawProfile(rawProfile);
        }
        return found == 0 && xmp != null ? Xmp.orientation(xmp) : found;
    }

    /// @param at offset after the keyword
    /// @return null if the text is missing or cannot be inflated
    private static String text(String type, ByteBuffer chunk, int at) {
        if (at >= chunk.limit()) {
            return null;
        }
        if (type.equals("tEXt")) {
            return ISO_8859_1.decode(rest(chunk, at)).toString();
        }
        if (type.equals("zTXt")) {
            return chunk.get(at) == 0 ? inflated(rest(chunk, at + 1)) : null;
        }
        // iTXt: whether it is deflated, the method, a language, the translated keyword.
        int text = at + 2 > chunk.limit() ? chunk.limit() : zero(chunk, zero(chunk, at + 2) + 1) + 1;
        if (text > chunk.limit()) {
            return null;
        }
        return chunk.get(at) == 0 ? ISO_8859_1.decode(rest(chunk, text)).toString() : inflated(rest(chunk, text));
    }

    private static ByteBuffer rest(ByteBuffer chunk, int at) {
        return chunk.slice(at, chunk.limit() - at);
    }

    /// @return offset of the next zero byte, or the end
    private static int zero(ByteBuffer chunk, int from) {
        int at = Math.min(from, chunk.limit());
        while (at < chunk.limit() && chunk.get(at) != 0) {
            at++;
        }
        return at;
    }

    private static String inflated(ByteBuffer data) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(data);
            byte[] text = new byte[BYTES_MAX];
            int length = inflater.inflate(text);
            return inflater.finished() ? new String(text, 0, length, ISO_8859_1) : null;
        } catch (DataFormatException broken) {
            return null;
        } finally {
            inflater.end();
        }
    }
}
