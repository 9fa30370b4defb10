package io.peregrine.launcher.compare;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import java.util.Collection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One balancing strategy of a comparison.
///
/// @param name such as `none` or `atLeast:200`
/// @param count N of `atLeast:N`; otherwise 0
public record Candidate(String name, Kind kind, long count) {
    /// What the strategy does to the training images.
    public enum Kind {
        NONE("none", "smote", "none"),
        AT_LEAST("atLeast:N", "smote", null),
        AUTO("auto", "smote", "auto"),
        WEIGHTS("weights", "class-weights", "none"),
        OVER("random-over", "random-over", "auto"),
        UNDER("random-under", "random-under", "auto");

        private final String word;
        private final String method;
        private final String strategy;

        Kind(String word, String method, String strategy) {
            this.word = word;
            this.method = method;
            this.strategy = strategy;
        }
    }

    /// All values that [#read] accepts.
    public static final String KNOWN = "none, atLeast:N, auto, weights, random-over, random-under";

    private static final Pattern AT_LEAST = Pattern.compile("(?i)atLeast:([0-9]{1,9})");

    /// @throws IllegalArgumentException if the word is not one of [#KNOWN]
    public static Candidate read(String word) {
        Matcher atLeast = AT_LEAST.matcher(word);
        if (atLeast.matches()) {
            return new Candidate("atLeast:" + atLeast.group(1), Kind.AT_LEAST, Long.parseLong(atLeast.group(1)));
        }
        for (Kind kind : Kind.values()) {
            if (kind.word.equals(word)) {
                return new Candidate(word, kind, 0);
            }
        }
        throw new IllegalArgumentException("'%s' is not a strategy; allowed are %s".formatted(word, KNOWN));
    }

    /// Writes this strategy into a specification.
    public void into(ObjectNode spec) {
        ObjectNode balance = spec.withObjectProperty("balance");
        balance.put("method", kind.method);
        if (kind == Kind.AT_LEAST) {
            balance.set("strategy", EventCodec.json().createObjectNode().put("atLeast", count));
        } else {
            balance.put("strategy", kind.strategy);
        }
    }

    /// @param classes training images of each class
    /// @return number of training rows of the classifier in one epoch
    public long rows(Collection<Long> classes) {
        long most = classes.stream().mapToLong(Long::longValue).max().orElse(0);
        long fewest = classes.stream()
                .mapToLong(Long::longValue)
                .filter(n -> n > 0)
                .min()
                .orElse(0);
        return classes.stream()
                .mapToLong(Long::longValue)
                .filter(n -> n > 0)
                .map(n -> switch (kind) {
                    case NONE, WEIGHTS -> n;
                    case AUTO, OVER -> most;
                    case UNDER -> fewest;
                    case AT_LEAST -> Math.max(n, count);
                })
                .sum();
    }
}
