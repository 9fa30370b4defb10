package io.peregrine.ingest.dataset;

import io.peregrine.events.Sha256;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.ImageRejectedException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/// Reads a listed file. Its path is checked again at each access: between listing and decoding a regular file may
/// be replaced by a link to another place.
public final class ImageFile {
    private ImageFile() {}

    /// @return SHA-256 of its content, or [ContentKeys#OF_NOTHING] if it must not or cannot be read
    static String digest(Path file, AllowedRoots roots) {
        try {
            return ContentKeys.of(openable(file, roots));
        } catch (ImageRejectedException | IOException e) {
            return ContentKeys.OF_NOTHING;
        }
    }

    /// @param sha256 under which it was listed
    /// @throws ImageRejectedException if it must not be opened, cannot be read, is too large, or has changed
    ///     since listing
    public static byte[] read(Path file, AllowedRoots roots, String sha256, long bytesMax)
            throws ImageRejectedException {
        Path real = openable(file, roots);
        byte[] content;
        try {
            long bytes = Files.size(real);
            if (bytes > bytesMax) {
                throw new ImageRejectedException(
                        Reason.IMAGE_TOO_LARGE,
                        "the file has %,d bytes; at most %,d are read (peregrine.ingest.bytes-max)"
                                .formatted(bytes, bytesMax));
            }
            content = Files.readAllBytes(real);
        } catch (IOException e) {
            throw new ImageRejectedException(Reason.IMAGE_UNREADABLE, "the file cannot be read: " + e);
        }
        if (!Sha256.hex(content).equals(sha256)) {
            throw new ImageRejectedException(
                    Reason.IMAGE_CHANGED, "the file has changed since it was listed; publish the dataset again");
        }
        return content;
    }

    /// @return the file itself, all links resolved
    /// @throws ImageRejectedException if it is outside the roots or not a regular file; then it was not opened
    static Path openable(Path file, AllowedRoots roots) throws ImageRejectedException {
        try {
            Path real = file.toRealPath();
            if (!roots.contains(real)) {
                throw new ImageRejectedException(
                        Reason.LINK_OUTSIDE_ROOTS,
                        "the file is a link that leads out of the configured roots; it was not opened");
            }
            BasicFileAttributes found =
                    Files.readAttributes(real, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!found.isRegularFile()) {
                throw new ImageRejectedException(
                        Reason.NOT_A_FILE,
                        "a pipe, socket, device or folder with the name of an image; it was not opened");
            }
            return real;
        } catch (IOException e) {
            throw new ImageRejectedException(Reason.IMAGE_UNREADABLE, "the file cannot be found: " + e);
        }
    }
}
