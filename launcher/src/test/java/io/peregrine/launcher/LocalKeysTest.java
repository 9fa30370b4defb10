package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalKeysTest {
    @TempDir
    Path data;

    @Test
    void keysAreGeneratedOnceAndReadableOnlyByTheirOwner() throws Exception {
        assertThat(LocalKeys.maintainer(data)).isEmpty();
        Path file = LocalKeys.createIfMissing(data);
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(3).allMatch(line -> line.matches("local-(\\w+) \\1 [A-Za-z0-9_-]{43}"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(LocalKeys.maintainer(data)).contains(lines.getLast().split(" ")[2]);
        assertThat(Files.readAllLines(LocalKeys.createIfMissing(data))).isEqualTo(lines);
    }

    @Test
    void onlyTheOwnerCanWriteGrants() throws Exception {
        Path grants = LocalPeregrine.grants(data);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(grants)))
                .isEqualTo("rwx------");
        assertThat(LocalPeregrine.grants(data)).isEqualTo(grants);
    }

    @Test
    void aKeyStoredAsADigestCannotBeSent() throws Exception {
        Files.write(data.resolve("keys"), List.of("# keys", "ops maintain sha256:" + "0".repeat(64)));
        assertThat(LocalKeys.maintainer(data)).isEmpty();
    }
}
