package io.peregrine.launcher;

import io.peregrine.platform.PrivateFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The keys of the services' REST interfaces, stored in `<data>/keys` with a line `NAME ROLE KEY` for each. They
/// are generated once, and only the owner of the data folder can read them.
public final class LocalKeys {
    private static final List<String> ROLES = List.of("read", "run", "maintain");

    private LocalKeys() {}

    /// @param data folder of data and logs
    /// @return the file of keys, created if it does not exist
    static synchronized Path createIfMissing(Path data) {
        Path file = data.resolve("keys");
        if (Files.isRegularFile(file)) {
            return file;
        }
        List<String> lines = new ArrayList<>();
        for (String role : ROLES) {
            lines.add("local-%s %s %s".formatted(role, role, PrivateFile.secret()));
        }
        return PrivateFile.write(file, lines);
    }

    /// @return the key of a maintainer, if the data folder's file is readable and contains one in plain text
    public static Optional<String> maintainer(Path data) {
        try (Stream<String> lines = Files.lines(data.resolve("keys"))) {
            return lines.map(line -> line.strip().split("\\s+"))
                    .filter(parts ->
                            parts.length == 3 && parts[1].equals("maintain") && !parts[2].startsWith("sha256:"))
                    .map(parts -> parts[2])
                    .findFirst();
        } catch (IOException | UncheckedIOException unreadable) {
            return Optional.empty();
        }
    }
}
