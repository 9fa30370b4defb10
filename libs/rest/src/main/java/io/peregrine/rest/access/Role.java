package io.peregrine.rest.access;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Roles of callers. Each role includes the previous ones.
public enum Role {
    /// View runs and their results.
    READ,
    /// Start and cancel runs.
    RUN,
    /// Everything: delete and prune, view and replay the quarantine, view the audit log.
    MAINTAIN;

    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");
    /// Other notations of a path may be resolved to another path.
    private static final Pattern PLAIN = Pattern.compile("(?:/(?!\\.{1,2}(?:/|$))[0-9A-Za-z{}._~-]+)*/?");

    private static final Pattern OF_MAINTAINERS = Pattern.compile("/api/v1/(?:audit|quarantine)(?:/.*)?");
    private static final List<Pattern> OF_RUNS =
            List.of(Pattern.compile("/api/v1/datasets"), Pattern.compile("/api/v1/runs/[0-9A-Za-z{}_-]+/cancel"));

    /// The role that an operation requires. An operation that changes data requires the highest role unless it is
    /// listed here, so that a new operation is restricted to maintainers by default.
    ///
    /// @param method HTTP method
    /// @param path path of the request, or of an operation in an OpenAPI document
    public static Role required(String method, String path) {
        if (!PLAIN.matcher(path).matches() || OF_MAINTAINERS.matcher(path).matches()) {
            return MAINTAIN;
        }
        if (isSafe(method)) {
            return READ;
        }
        return method.equals("POST")
                        && OF_RUNS.stream()
                                .anyMatch(known -> known.matcher(path).matches())
                ? RUN
                : MAINTAIN;
    }

    /// @return whether requests of this method change nothing
    static boolean isSafe(String method) {
        return SAFE.contains(method);
    }

    /// @return the role with this name, such as `read`
    static Optional<Role> of(String word) {
        return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
    }

    /// @return the role's name in key files, tokens and OpenAPI documents
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @return the names of this role and of the roles that it includes
    Set<String> words() {
        Set<String> words = new TreeSet<>();
        for (Role role : values()) {
            if (role.compareTo(this) <= 0) {
                words.add(role.word());
            }
        }
        return words;
    }

    /// @param words names of the caller's roles
    /// @return whether one of them is this role or includes it
    boolean isHeldBy(Collection<String> words) {
        return words.stream().flatMap(word -> of(word).stream()).anyMatch(held -> held.compareTo(this) >= 0);
    }
}
