package io.peregrine.endtoend.monitoring;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A partial PromQL parser that finds a query's selectors. A real Prometheus validates queries.
final class PromQl {
    /// One selector, such as `up{job=~"$job"}` in `rate(up{job=~"$job"}[1m])`.
    ///
    /// @param matchers text between the braces; empty if there are none
    /// @param function nearest enclosing function, or empty
    /// @param range text between the brackets after it, or empty
    record Selector(String metric, String matchers, String function, String range) {}

    private static final Pattern TEXT = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
    private static final Pattern GROUPING =
            Pattern.compile("\\b(by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
    private static final Set<String> WORDS =
            Set.of("and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "by", "without", "on", "ignoring");

    private PromQl() {}

    static List<Selector> selectors(String query) {
        // Braces and brackets are read from the original query, names from a copy without strings and label
        // lists.
        String blank = blank(GROUPING, blank(TEXT, query));
        List<Selector> selectors = new ArrayList<>();
        Matcher names = NAME.matcher(blank);
        int from = 0;
        while (names.find(from)) {
            from = names.end();
            if (WORDS.contains(names.group().toLowerCase(Locale.ROOT)) || isNumberOrVariable(blank, names)) {
                continue;
            }
            int next = skipSpace(blank, names.end());
            char after = next < blank.length() ? blank.charAt(next) : ' ';
            if (after == '(') {
                continue;
            }
            String matchers = "";
            if (after == '{') {
                int close = blank.indexOf('}', next);
                matchers = query.substring(next + 1, close);
                next = skipSpace(blank, close + 1);
                from = close + 1;
            }
            String range = "";
            if (next < blank.length() && blank.charAt(next) == '[') {
                int close = blank.indexOf(']', next);
                range = query.substring(next + 1, close);
                from = close + 1;
            }
            selectors.add(new Selector(names.group(), matchers, functionAround(blank, names.start()), range));
        }
        return selectors;
    }

    static Set<String> metrics(String query) {
        Set<String> metrics = new TreeSet<>();
        selectors(query).forEach(selector -> metrics.add(selector.metric()));
        return metrics;
    }

    private static boolean isNumberOrVariable(String query, Matcher name) {
        if (name.start() == 0) {
            return false;
        }
        char before = query.charAt(name.start() - 1);
        // 1e9, 5m, $__range, [1m
        return Character.isLetterOrDigit(before) || before == '$' || before == '[';
    }

    private static String functionAround(String query, int at) {
        int depth = 0;
        for (int i = at - 1; i >= 0; i--) {
            char c = query.charAt(i);
            if (c == ')') {
                depth++;
            } else if (c == '(' && depth-- == 0) {
                int end = i;
                while (end > 0 && Character.isWhitespace(query.charAt(end - 1))) {
                    end--;
                }
                int start = end;
                while (start > 0
                        && (Character.isLetterOrDigit(query.charAt(start - 1)) || query.charAt(start - 1) == '_')) {
                    start--;
                }
                return query.substring(start, end);
            }
        }
        return "";
    }

    private static int skipSpace(String query, int at) {
        int next = at;
        while (next < query.length() && Character.isWhitespace(query.charAt(next))) {
            next++;
        }
        return next;
    }

    /// @return the query with each match overwritten by spaces, so that positions do not change
    private static String blank(Pattern pattern, String query) {
        return pattern.matcher(query)
                .replaceAll(match -> " ".repeat(match.group().length()));
    }
}
