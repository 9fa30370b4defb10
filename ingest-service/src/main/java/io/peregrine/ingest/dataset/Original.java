package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.events.Sha256;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.ImageRejectedException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/// A listed file that is open for a download. The checked bytes are sent: it is the same open file.
///
/// @param mediaType detected from its content, regardless of the file name; only images have a specific type
public record Original(FileChannel file, long bytes, String mediaType) implements AutoCloseable {
    private record Known(int at, String magic, String mediaType) {}

    /// No format in this list can contain a script.
    private static final List<Known> FORMATS = List.of(
            new Known(0, "\u00ff\u00d8\u00ff", "image/jpeg"),
            new Known(0, "\u0089PNG\r\n", "image/png"),
            new Known(8, "WEBP", "image/webp"),
            new Known(0, "GIF8", "image/gif"),
            new Known(0, "BM", "image/bmp"),
            new Known(0, "II*\0", "image/tiff"),
            new Known(0, "MM\0*", "image/tiff"),
            new Known(0, "P", "image/x-portable-anymap"));

    private static final int HEAD = 16;

    /// @param listed below the dataset's folder
    /// @param sha256 under which it was listed
    /// @throws ImageRejectedException if it must not be opened, is missing, or has changed since listing
    public static Original open(Path listed, AllowedRoots roots, String sha256) throws ImageRejectedException {
        Path real = ImageFile.openable(listed, roots);
        try {
            FileChannel file = FileChannel.open(real);
            try {
                return new Original(file, file.size(), mediaType(checked(file, sha256)));
            } catch (ImageRejectedException | IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new ImageRejectedException(Reason.IMAGE_UNREADABLE, "the file cannot be read: " + e);
        }
    }

    /// @return the first bytes of the file, after checking that it is unchanged since listing
    private static byte[] checked(FileChannel file, String sha256) throws IOException, ImageRejectedException {
        MessageDigest digest = Sha256.newDigest();
        // The stream is not closed: the channel is read again from its beginning.
        InputStream in = new DigestInputStream(Channels.newInputStream(file), digest);
        byte[] head = in.readNBytes(HEAD);
        in.transferTo(OutputStream.nullOutputStream());
        if (!HexFormat.of().formatHex(digest.digest()).equals(sha256)) {
            throw new ImageRejectedException(Reason.IMAGE_CHANGED, "the file has changed since it was listed");
        }
        file.position(0);
        return head;
    }

    static String mediaType(byte[] head) {
        String start = new String(head, ISO_8859_1);
        for (Known known : FORMATS) {
            if (start.startsWith(known.magic(), known.at()) && (known.magic().length() > 1 || isPnm(start))) {
                return known.mediaType();
            }
        }
        return "application/octet-stream";
    }

    private static boolean isPnm(String start) {
        return start.length() > 2 && "123456".indexOf(start.charAt(1)) >= 0 && Character.isWhitespace(start.charAt(2));
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
