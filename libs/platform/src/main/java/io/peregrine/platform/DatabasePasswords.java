package io.peregrine.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The passwords of the local database's roles. The file has PostgreSQL's `PGPASSFILE` format, with a line
/// `*:*:*:ROLE:PASSWORD` for each role. Passwords are generated once; an existing file is used unchanged.
final class DatabasePasswords {
    /// Host, port and database; role; password. A backslash escapes a colon or another backslash.
    private static final Pattern LINE =
            Pattern.compile("(?:(?:[^:\\\\]|\\\\.)+:){3}((?:[^:\\\\]|\\\\.)+):((?:[^:\\\\]|\\\\.)+)");

    private final Map<String, String> byRole;

    private DatabasePasswords(Map<String, String> byRole) {
        this.byRole = byRole;
    }

    /// Reads the file, or generates passwords and writes them into a new one.
    ///
    /// @param roles the roles that need a password
    /// @throws RefusedException if the file has no password for one of the roles
    static DatabasePasswords of(Path file, Collection<String> roles) {
        if (!Files.exists(file)) {
            List<String> lines = new ArrayList<>();
            roles.forEach(role -> lines.add("*:*:*:%s:%s".formatted(role, PrivateFile.secret())));
            PrivateFile.write(file, lines);
        }
        PrivateFile.restrict(file);
        Map<String, String> byRole = read(file);
        for (String role : roles) {
            if (!byRole.containsKey(role)) {
                throw new RefusedException(
                        "%s has no password for the role %s. Add a line *:*:*:%2$s:PASSWORD, or delete the file: the next start then generates new passwords."
                                .formatted(file, role));
            }
        }
        return new DatabasePasswords(byRole);
    }

    private static Map<String, String> read(Path file) {
        Map<String, String> byRole = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                Matcher matcher = LINE.matcher(line);
                if (!line.startsWith("#") && matcher.matches()) {
                    byRole.putIfAbsent(unquoted(matcher.group(1)), unquoted(matcher.group(2)));
                }
            }
        } catch (IOException e) {
            throw new RefusedException("Cannot read the database passwords from %s: %s.".formatted(file, e));
        }
        return byRole;
    }

    private static String unquoted(String field) {
        return field.replaceAll("\\\\(.)", "$1");
    }

    /// @throws IllegalArgumentException if the role was not among those requested
    String of(String role) {
        String password = byRole.get(role);
        if (password == null) {
            throw new IllegalArgumentException("'%s' is not one of the roles %s".formatted(role, byRole.keySet()));
        }
        return password;
    }
}
