package io.peregrine.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/// A file of secrets that only its owner can read. It is created with these permissions.
public final class PrivateFile {
    private static final Set<PosixFilePermission> OWNER = PosixFilePermissions.fromString("rw-------");
    private static final int BYTES = 32;

    private PrivateFile() {}

    /// @return a secret of 256 random bits, in characters that never need quoting
    public static String secret() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// Writes the file atomically.
    public static Path write(Path file, List<String> lines) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.createDirectories(file.getParent());
            Files.deleteIfExists(part);
            Files.createFile(part, PosixFilePermissions.asFileAttribute(OWNER));
            Files.write(part, lines);
            return Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the secrets file " + file, e);
        }
    }

    /// Removes all permissions except the owner's from a file that another program may have written.
    static void restrict(Path file) {
        try {
            if (!Files.getPosixFilePermissions(file).equals(OWNER)) {
                Files.setPosixFilePermissions(file, OWNER);
            }
        } catch (IOException e) {
            throw new RefusedException("Other users can read %s, and its mode cannot be changed: %s. Set it to 0600."
                    .formatted(file, e.getMessage()));
        }
    }
}
