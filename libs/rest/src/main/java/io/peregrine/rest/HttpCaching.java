package io.peregrine.rest;

import io.peregrine.events.ArtifactRef;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Answers that do not change any more: with a strong ETag, and 304 for whoever has them already.
public enum HttpCaching {
    /// What is named by what it holds, such as an image's pixels.
    IMMUTABLE("private, max-age=31536000, immutable"),

    /// What stays as it is as long as its run is there. A newer Peregrine may still word it anew.
    STABLE("private, max-age=60"),

    /// What the next minute may change: a tag alone, so that asking again costs little.
    REVALIDATE("private, no-cache");

    private final String cacheControl;

    HttpCaching(String cacheControl) {
        this.cacheControl = cacheControl;
    }

    /// @param tag of the content: the same for the same bytes alone
    /// @param found called only where the caller has not got it
    public Response answer(String tag, Request request, Supplier<Response.ResponseBuilder> found) {
        EntityTag etag = new EntityTag(tag);
        Response.ResponseBuilder known = request.evaluatePreconditions(etag);
        Response.ResponseBuilder answer = known == null ? found.get() : known;
        return answer.tag(etag).header("Cache-Control", cacheControl).build();
    }

    /// Answers an image, whose digest is its tag.
    public Response answer(Drawings.Drawn drawn, String mediaType, Request request) {
        return answer(drawn.tag(), request, () -> Response.ok(drawn.bytes()).type(mediaType));
    }

    /// @return the tag of what is made of these artifacts, in this order
    public static String tag(List<ArtifactRef> artifacts) {
        return tag(artifacts.stream()
                .map(ArtifactRef::sha256)
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.US_ASCII));
    }

    /// @return the tag of these bytes
    public static String tag(byte[] bytes) {
        try {
            byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(sha256, 0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
