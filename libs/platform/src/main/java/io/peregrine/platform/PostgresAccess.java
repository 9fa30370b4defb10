package io.peregrine.platform;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.postgresql.util.PasswordUtil;

/// Access rules of the database: from its first start every connection needs its role's password. A database that
/// was created without passwords is changed in the same way.
final class PostgresAccess {
    static final String SUPERUSER = "postgres";

    private static final String RULES = """
            # Rewritten at each start.
            # TYPE  DATABASE  USER  ADDRESS  METHOD
            local   all       all            scram-sha-256
            host    all       all   all      scram-sha-256
            """;

    private static volatile Path lastUsed;

    private final Path folder;
    private final Path binaries;
    private final Path log;

    /// @param folder data folder of the database
    /// @param binaries folder into which PostgreSQL's programs are unpacked
    PostgresAccess(Path folder, Path binaries, Path log) {
        this.folder = folder;
        this.binaries = binaries;
        this.log = log;
    }

    /// Writes the rules and sets the superuser's password in PostgreSQL's single-user mode, which has no network.
    /// No server may be running.
    void restrict(String superusersPassword) {
        try {
            Files.writeString(folder.resolve("pg_hba.conf"), RULES);
            List<String> command = new ArrayList<>();
            if (LinuxUtils.isUnshareAvailable()) {
                // PostgreSQL refuses to run as root.
                command.addAll(List.of("unshare", "-U"));
            }
            command.addAll(List.of(program().toString(), "--single", "-D", folder.toString()));
            // Statements are not logged, because they contain passwords.
            command.addAll(List.of("-c", "log_min_messages=fatal", "-c", "log_min_error_statement=panic", "postgres"));
            Process single = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            try (var input = single.getOutputStream()) {
                input.write((passwordOf(SUPERUSER, superusersPassword) + "\n").getBytes(UTF_8));
            }
            if (single.waitFor() != 0) {
                throw new IllegalStateException("PostgreSQL's single-user mode ended with status %d; see %s."
                        .formatted(single.exitValue(), log));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot set the password of the database in " + folder, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while setting PostgreSQL's password", e);
        }
    }

    /// @return a statement that contains only the SCRAM hash of the password
    static String passwordOf(String role, String password) {
        return "alter role %s password '%s'".formatted(role, PasswordUtil.encodeScramSha256(password.toCharArray()));
    }

    /// Returns the newest version, because after an upgrade two versions are unpacked. Programs are unpacked once
    /// in a process, for its first database.
    private Path program() throws IOException {
        if (Files.isDirectory(binaries)) {
            try (Stream<Path> versions = Files.list(binaries)) {
                versions.map(version -> version.resolve("bin/postgres"))
                        .filter(Files::isExecutable)
                        .max(Comparator.comparing(program -> unpacked(program.getParent())))
                        .ifPresent(found -> lastUsed = found);
            }
        }
        if (lastUsed == null || !Files.isExecutable(lastUsed)) {
            throw new IOException("found no unpacked PostgreSQL in " + binaries);
        }
        return lastUsed;
    }

    private static FileTime unpacked(Path bin) {
        try {
            return (FileTime) Files.getAttribute(bin.getParent(), "lastModifiedTime");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
