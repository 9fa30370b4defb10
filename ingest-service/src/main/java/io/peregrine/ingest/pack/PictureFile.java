package io.peregrine.ingest.pack;

import io.peregrine.ingest.pack.Refused.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/// A listed file on its way into memory. It is looked at anew each time: between listing and decoding a plain file may
/// have become a link to somewhere else.
final class PictureFile {
    private PictureFile() {}

    /// @return the digest of its content, [Digests#OF_NOTHING] if it may not or cannot be read
    static String digest(Path file, Roots roots) {
        try {
            return Digests.of(openable(file, roots));
        } catch (Refused | IOException e) {
            return Digests.OF_NOTHING;
        }
    }

    /// @param sha256 under which it was listed
    /// @throws Refused if it may not be opened, cannot be read, is too large, or is not what was listed
    static byte[] read(Path file, Roots roots, String sha256, long bytesMax) throws Refused {
        Path real = openable(file, roots);
        byte[] content;
        try {
            long bytes = Files.size(real);
            if (bytes > bytesMax) {
                throw new Refused(
                        Reason.IMAGE_TOO_LARGE,
                        "the file has %,d bytes; at most %,d are read (peregrine.ingest.bytes-max)"
                                .formatted(bytes, bytesMax));
            }
            content = Files.readAllBytes(real);
        } catch (IOException e) {
            throw new Refused(Reason.IMAGE_UNREADABLE, "the file cannot be read: " + e);
        }
        if (!Digests.of(content).equals(sha256)) {
            throw new Refused(
                    Reason.IMAGE_CHANGED, "the file has changed since it was listed; publish the dataset again");
        }
        return content;
    }

    /// @return the file itself, all links resolved
    /// @throws Refused if it lies outside the roots or is no plain file; then it was not opened
    static Path openable(Path file, Roots roots) throws Refused {
        try {
            Path real = file.toRealPath();
            if (!roots.lieBelow(real)) {
                throw new Refused(
                        Reason.LINK_OUTSIDE_ROOTS,
                        "the file is a link that leads out of the configured roots; it was not opened");
            }
            BasicFileAttributes found =
                    Files.readAttributes(real, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!found.isRegularFile()) {
                throw new Refused(
                        Reason.NOT_A_FILE, "a pipe, socket, device or folder by a picture's name; it was not opened");
            }
            return real;
        } catch (IOException e) {
            throw new Refused(Reason.IMAGE_UNREADABLE, "the file cannot be found: " + e);
        }
    }
}
