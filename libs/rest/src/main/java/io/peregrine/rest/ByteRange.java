package io.peregrine.rest;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A part of a file that a client asks for (RFC 9110, section 14).
///
/// @param first offset of the first byte, from 0
/// @param last offset of the last byte, inclusive
record ByteRange(long first, long last) {
    private static final Pattern HEADER = Pattern.compile("(?i)\\s*bytes\\s*=(.*)");
    private static final Pattern RANGE = Pattern.compile("(\\d*)\\s*-\\s*(\\d*)");
    /// Digits of the largest number that is certainly a `long`.
    private static final int DIGITS = 18;

    /// No byte of the file is in the requested range.
    @SuppressWarnings("serial")
    static final class UnsatisfiableRangeException extends Exception {
        UnsatisfiableRangeException(String range, long bytes) {
            super("The range '%s' has no byte of the file, which has %,d bytes.".formatted(range, bytes));
        }
    }

    /// @param header value of the header `Range`, or null
    /// @param bytes length of the whole file
    /// @return the requested part; empty if the whole file is the answer: without a range, with another unit,
    ///     with several ranges, or with a value that is not a range
    static Optional<ByteRange> parse(String header, long bytes) throws UnsatisfiableRangeException {
        Matcher unit = HEADER.matcher(header == null ? "" : header);
        if (!unit.matches()) {
            return Optional.empty();
        }
        List<String> ranges = Arrays.stream(unit.group(1).split(","))
                .map(String::strip)
                .filter(one -> !one.isEmpty())
                .toList();
        Matcher range = RANGE.matcher(ranges.size() == 1 ? ranges.getFirst() : "");
        if (!range.matches() || range.group(1).isEmpty() && range.group(2).isEmpty()) {
            return Optional.empty();
        }
        long to = number(range.group(2), Long.MAX_VALUE);
        if (range.group(1).isEmpty()) {
            return Optional.of(within(bytes - Math.min(to, bytes), bytes - 1, bytes, header));
        }
        long from = number(range.group(1), 0);
        return from > to ? Optional.empty() : Optional.of(within(from, to, bytes, header));
    }

    long length() {
        return last - first + 1;
    }

    private static ByteRange within(long first, long last, long bytes, String header)
            throws UnsatisfiableRangeException {
        if (first >= bytes) {
            throw new UnsatisfiableRangeException(header, bytes);
        }
        return new ByteRange(first, Math.min(last, bytes - 1));
    }

    private static long number(String digits, long missing) {
        String significant = digits.replaceFirst("^0+(?=.)", "");
        if (significant.isEmpty()) {
            return missing;
        }
        return significant.length() > DIGITS ? Long.MAX_VALUE : Long.parseLong(significant);
    }
}
