package io.peregrine.rest.access;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What a caller may do. Each role includes those before it.
public enum Role {
    /// Look at runs and what came of them.
    READ,
    /// Begin and cancel runs.
    RUN,
    /// Everything: delete and prune, look into the quarantine and replay it, see who did what.
    MAINTAIN;

    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");
    /// What is written otherwise may lead elsewhere than it looks.
    private static final Pattern PLAIN = Pattern.compile("(?:/(?!\\.{1,2}(?:/|$))[0-9A-Za-z{}._~-]+)*/?");

    private static final Pattern OF_MAINTAINERS = Pattern.compile("/api/v1/(?:audit|quarantine)(?:/.*)?");
    private static final List<Pattern> OF_RUNS =
            List.of(Pattern.compile("/api/v1/datasets"), Pattern.compile("/api/v1/runs/[0-9A-Za-z{}_-]+/cancel"));

    /// The role that an operation needs. What changes something needs the highest, unless it is listed here: a
    /// new operation that nobody thought of is refused to all but maintainers.
    ///
    /// @param method of HTTP
    /// @param path as it was sent, or as an OpenAPI document has it
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

    /// @return whether a request of this method changes nothing
    static boolean isSafe(String method) {
        return SAFE.contains(method);
    }

    /// @return the role of this word, such as `read`
    static Optional<Role> of(String word) {
        return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
    }

    /// @return its name in files of keys, in tokens and in OpenAPI documents
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @return this role's word and those of the roles that it includes
    Set<String> words() {
        Set<String> words = new TreeSet<>();
        for (Role role : values()) {
            if (role.compareTo(this) <= 0) {
                words.add(role.word());
            }
        }
        return words;
    }

    /// @param words of the roles that a caller has
    /// @return whether one of them is this role or includes it
    boolean isHeldBy(Collection<String> words) {
        return words.stream().flatMap(word -> of(word).stream()).anyMatch(held -> held.compareTo(this) >= 0);
    }
}
