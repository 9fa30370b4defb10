package io.peregrine.local;

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

/// A file of secrets, which only its owner can read from its first byte on.
final class PrivateFile {
    private static final Set<PosixFilePermission> OWNER = PosixFilePermissions.fromString("rw-------");
    private static final int BYTES = 32;

    private PrivateFile() {}

    /// @return a secret of 256 random bits, in characters that need no quoting anywhere
    static String secret() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// Writes a whole file, or none.
    static Path write(Path file, List<String> lines) {
        Path aside = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.createDirectories(file.getParent());
            Files.deleteIfExists(aside);
            Files.createFile(aside, PosixFilePermissions.asFileAttribute(OWNER));
            Files.write(aside, lines);
            return Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("the secrets of " + file + " cannot be written", e);
        }
    }

    /// Takes a file that somebody else may have written from everyone but its owner.
    static void restrict(Path file) {
        try {
            if (!Files.getPosixFilePermissions(file).equals(OWNER)) {
                Files.setPosixFilePermissions(file, OWNER);
            }
        } catch (IOException e) {
            throw new RefusedException("Others may read %s, and its mode cannot be changed (%s); set it to 0600."
                    .formatted(file, e.getMessage()));
        }
    }
}
