package io.peregrine.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The keys of the services' REST interfaces, a line `NAME ROLE KEY` for each, in `<data>/keys`. They are drawn
/// once, and only the owner of the data folder can read them.
public final class LocalKeys {
    private static final List<String> ROLES = List.of("read", "run", "maintain");
    private static final int BYTES = 32;

    private LocalKeys() {}

    /// @param data folder of data and logs
    /// @return the file of keys, made where there is none
    static synchronized Path draw(Path data) {
        Path file = data.resolve("keys");
        if (Files.isRegularFile(file)) {
            return file;
        }
        SecureRandom random = new SecureRandom();
        List<String> lines = new ArrayList<>();
        for (String role : ROLES) {
            byte[] key = new byte[BYTES];
            random.nextBytes(key);
            lines.add("local-%s %s %s"
                    .formatted(
                            role, role, Base64.getUrlEncoder().withoutPadding().encodeToString(key)));
        }
        Path aside = data.resolve("keys.part");
        try {
            Files.deleteIfExists(aside);
            Files.createFile(aside, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(aside, lines);
            return Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("no keys can be written to " + data, e);
        }
    }

    /// @return the key of a maintainer, where the file of a data folder can be read and has one in full
    public static Optional<String> maintainer(Path data) {
        try (Stream<String> lines = Files.lines(data.resolve("keys"))) {
            return lines.map(line -> line.strip().split("\\s+"))
                    .filter(parts ->
                            parts.length == 3 && parts[1].equals("maintain") && !parts[2].startsWith("sha256:"))
                    .map(parts -> parts[2])
                    .findFirst();
        } catch (IOException | UncheckedIOException noneForThisUser) {
            return Optional.empty();
        }
    }
}
