package io.peregrine.rest;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Sha256;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// HTTP caching of responses: a strong ETag, and 304 for clients that have the content already.
public enum HttpCaching {
    /// Content whose URL contains its hash, such as an image's pixels.
    IMMUTABLE("private, max-age=31536000, immutable"),

    /// Content that does not change while its run exists. A newer version of Peregrine may phrase it differently.
    STABLE("private, max-age=60"),

    /// Content that may change within a minute: only an ETag, so that a repeated request is cheap.
    REVALIDATE("private, no-cache");

    private final String cacheControl;

    HttpCaching(String cacheControl) {
        this.cacheControl = cacheControl;
    }

    /// @param tag ETag of the content: equal only for equal bytes
    /// @param found called only if the client does not have the content
    public Response answer(String tag, Request request, Supplier<Response.ResponseBuilder> found) {
        EntityTag etag = new EntityTag(tag);
        Response.ResponseBuilder known = request.evaluatePreconditions(etag);
        Response.ResponseBuilder answer = known == null ? found.get() : known;
        return answer.tag(etag).header("Cache-Control", cacheControl).build();
    }

    /// Answers with an image, whose ETag is its digest.
    public Response answer(Drawings.Drawn drawn, String mediaType, Request request) {
        return answer(drawn.tag(), request, () -> Response.ok(drawn.bytes()).type(mediaType));
    }

    /// @return the ETag of content computed from these artifacts, in this order
    public static String tag(List<ArtifactRef> artifacts) {
        return tag(artifacts.stream()
                .map(ArtifactRef::sha256)
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.US_ASCII));
    }

    /// @return the ETag of these bytes
    public static String tag(byte[] bytes) {
        return Sha256.hex(bytes).substring(0, 32);
    }
}
