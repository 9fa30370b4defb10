package io.peregrine.rest.access;

import io.peregrine.events.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The accepted API keys of a service, from a file of lines `NAME ROLE KEY`. Only their SHA-256 digests are kept
/// in memory.
///
/// Instead of the key a line may contain `sha256:` and the key's digest in hexadecimal digits.
final class ApiKeys {
    private static final Pattern LINE = Pattern.compile("(\\S{1,100})\\s+(read|run|maintain)\\s+(\\S+)");
    private static final Pattern KEY = Pattern.compile("[!-~]{20,500}");
    private static final Pattern DIGEST = Pattern.compile("sha256:([0-9a-f]{64})");

    /// The holder of an accepted key.
    ///
    /// @param name display name of the user of the key
    record Holder(String name, Role role) {}

    private record Known(Holder holder, byte[] digest) {}

    private final List<Known> known;

    private ApiKeys(List<Known> known) {
        this.known = known;
    }

    /// @param lines lines of the file; blank lines and lines that begin with # are skipped
    /// @throws IllegalArgumentException with the number of the invalid line, never with its key
    static ApiKeys parse(List<String> lines) {
        List<Known> known = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher parts = LINE.matcher(line);
            Optional<byte[]> digest = parts.matches() ? digest(parts.group(3)) : Optional.empty();
            if (digest.isEmpty()) {
                throw new IllegalArgumentException(
                        "line %d is not NAME ROLE KEY, where ROLE is read, run or maintain, and KEY has 20 to 500 printable characters or is sha256: with 64 hexadecimal digits"
                                .formatted(i + 1));
            }
            known.add(
                    new Known(new Holder(parts.group(1), Role.of(parts.group(2)).orElseThrow()), digest.get()));
        }
        return new ApiKeys(List.copyOf(known));
    }

    private static Optional<byte[]> digest(String key) {
        if (key.startsWith("sha256:")) {
            Matcher digest = DIGEST.matcher(key);
            return digest.matches() ? Optional.of(HexFormat.of().parseHex(digest.group(1))) : Optional.empty();
        }
        return KEY.matcher(key).matches()
                ? Optional.of(Sha256.of(key.getBytes(StandardCharsets.UTF_8)))
                : Optional.empty();
    }

    boolean isEmpty() {
        return known.isEmpty();
    }

    /// Takes constant time, so that a wrong key reveals nothing about the accepted ones.
    ///
    /// @param key key as presented by the caller
    Optional<Holder> find(String key) {
        byte[] digest = Sha256.of(key.getBytes(StandardCharsets.UTF_8));
        Holder found = null;
        for (Known one : known) {
            if (MessageDigest.isEqual(one.digest(), digest)) {
                found = one.holder();
            }
        }
        return Optional.ofNullable(found);
    }
}
