package io.peregrine.events;

import java.util.regex.Pattern;

/// Reference to a published artifact: its location in the store, its SHA-256 and its size.
///
/// @param uri `store:<kind>/<first two of the digest>/<digest>.<extension>`, the same on every machine
/// @param sha256 SHA-256 of the file, 64 hexadecimal digits
/// @param bytes size of the file
public record ArtifactRef(String uri, String sha256, long bytes) {
    // Path segments must not begin with a dot, so that no URI can leave the store.
    private static final Pattern URI = Pattern.compile("store:[a-z]{1,20}(/[0-9A-Za-z][0-9A-Za-z._-]{0,99}){1,2}");

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    public ArtifactRef {
        if (!isUri(uri)) {
            throw new IllegalArgumentException(
                    "'%s' is not the URI of an artifact; it must be store:<kind>/<two digits>/<digest>.<extension>"
                            .formatted(CleanText.shortened(uri, 200)));
        }
        if (!SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException("'%s' is not a SHA-256; it must be 64 lower-case hexadecimal digits"
                    .formatted(CleanText.shortened(sha256, 100)));
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("The length of an artifact must not be negative: " + bytes);
        }
    }

    /// @return whether a text has the form of [#uri]
    public static boolean isUri(String text) {
        return URI.matcher(text).matches();
    }

    /// @return the artifact's folder in the store, such as `pack`
    public String kind() {
        int slash = uri.indexOf('/');
        return uri.substring("store:".length(), slash < 0 ? uri.length() : slash);
    }
}
