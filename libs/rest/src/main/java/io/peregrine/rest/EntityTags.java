package io.peregrine.rest;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Conditions about an ETag (RFC 9110, section 13.1), as clients and the proxies on their way write them.
final class EntityTags {
    /// An opaque tag contains every visible character but a quote, also commas; nothing in it is escaped.
    private static final Pattern TAG = Pattern.compile("[ \\t,]*(W/)?\"([!#-~\\x80-\\xff]*)\"[ \\t]*(?=,|$)");

    /// What Apache and Jetty append to the tag of a response that they compressed, and do not remove again.
    private static final Pattern OF_ENCODING = Pattern.compile("(--gzip|-gzip|;gzip|-br)$");

    private EntityTags() {}

    private record Condition(boolean weak, String tag) {}

    /// Compares weakly (section 8.8.3.2), so that a proxy may weaken tags and compress answers.
    ///
    /// @param lines all lines of the header `If-None-Match`
    /// @param tag opaque tag of the current content
    /// @return whether the client has the content already
    static boolean isKnown(List<String> lines, String tag) {
        String header = joined(lines);
        return header.equals("*")
                || conditions(header).anyMatch(one -> withoutEncoding(one.tag()).equals(tag));
    }

    /// Compares strongly, as bytes are about to be appended to what the client has.
    ///
    /// @param lines all lines of the header `If-Match`; empty if the request has no such header
    /// @param tag opaque tag of the current content
    /// @param isWeak whether the tag of the current content is weak
    /// @return whether the request applies to the current content
    static boolean isExpected(List<String> lines, String tag, boolean isWeak) {
        String header = joined(lines);
        return lines.isEmpty()
                || header.equals("*")
                || !isWeak
                        && conditions(header)
                                .anyMatch(one -> !one.weak() && one.tag().equals(tag));
    }

    /// @param header value of `If-Range`, or null; a date never matches, because no answer has `Last-Modified`
    /// @param tag opaque and strong tag of the current content
    /// @return whether a range may be answered
    static boolean allowsRange(String header, String tag) {
        return header == null || header.strip().equals("\"%s\"".formatted(tag));
    }

    private static String joined(List<String> lines) {
        return lines.stream().collect(Collectors.joining(",")).strip();
    }

    /// A value that is not a list of tags matches up to its first error.
    private static Stream<Condition> conditions(String header) {
        Matcher matcher = TAG.matcher(header);
        Stream.Builder<Condition> found = Stream.builder();
        int at = 0;
        while (matcher.region(at, header.length()).lookingAt()) {
            found.add(new Condition(matcher.group(1) != null, matcher.group(2)));
            at = matcher.end();
        }
        return found.build();
    }

    private static String withoutEncoding(String tag) {
        return OF_ENCODING.matcher(tag).replaceFirst("");
    }
}
