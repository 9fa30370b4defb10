package io.peregrine.events;

/// Points to a published artefact: its place in the store, what it must hash to, how long it is.
///
/// @param uri `store:<kind>/<first two of the digest>/<digest>.<extension>`, the same on every machine
/// @param sha256 64 hexadecimal digits
/// @param bytes the file's length
public record ArtifactRef(String uri, String sha256, long bytes) {
    public ArtifactRef {
        if (!uri.startsWith("store:")) {
            throw new IllegalArgumentException("an artefact's uri begins with 'store:', not '" + uri + "'");
        }
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("a SHA-256 is 64 hexadecimal digits, not '" + sha256 + "'");
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("an artefact's length is not negative: " + bytes);
        }
    }

    /// @return the folder of the store that it lies in, such as `pack`
    public String kind() {
        int slash = uri.indexOf('/');
        return uri.substring("store:".length(), slash < 0 ? uri.length() : slash);
    }
}
