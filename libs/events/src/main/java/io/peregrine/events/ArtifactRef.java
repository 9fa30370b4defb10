package io.peregrine.events;

import java.util.regex.Pattern;

/// Points to a published artifact: its place in the store, what it must hash to, how long it is.
///
/// @param uri `store:<kind>/<first two of the digest>/<digest>.<extension>`, the same on every machine
/// @param sha256 64 hexadecimal digits
/// @param bytes the file's length
public record ArtifactRef(String uri, String sha256, long bytes) {
    // No name of a file begins with a dot: nothing leads out of the store.
    private static final Pattern URI = Pattern.compile("store:[a-z]{1,20}(/[0-9A-Za-z][0-9A-Za-z._-]{0,99}){1,2}");

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    public ArtifactRef {
        if (!URI.matcher(uri).matches()) {
            throw new IllegalArgumentException(
                    "an artifact's uri is store:<kind>/<two digits>/<digest>.<extension>, not '%s'"
                            .formatted(CleanText.shortened(uri, 200)));
        }
        if (!SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException("a SHA-256 is 64 lower-case hexadecimal digits, not '%s'"
                    .formatted(CleanText.shortened(sha256, 100)));
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("an artifact's length is not negative: " + bytes);
        }
    }

    /// @return the folder of the store that it lies in, such as `pack`
    public String kind() {
        int slash = uri.indexOf('/');
        return uri.substring("store:".length(), slash < 0 ? uri.length() : slash);
    }
}
