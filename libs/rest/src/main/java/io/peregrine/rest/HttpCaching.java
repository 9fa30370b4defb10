package io.peregrine.rest;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Sha256;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// HTTP caching of responses: an ETag, and 304 for clients that have the content already.
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

    /// Answers with JSON or with an image. The ETag is weak, because the answer may be compressed.
    ///
    /// @param tag ETag of the content: equal only for equal content
    /// @param found called only if the client does not have the content
    /// @throws Problem.ProblemException `PRECONDITION_FAILED` (412)
    public Response answer(String tag, HttpHeaders headers, Supplier<Response.ResponseBuilder> found) {
        return known(tag, true, headers)
                .orElseGet(() -> controlled(found.get().tag(new EntityTag(tag, true))))
                .build();
    }

    /// Answers with an image, whose ETag is its digest.
    public Response answer(Drawings.Drawn drawn, String mediaType, HttpHeaders headers) {
        return answer(drawn.tag(), headers, () -> Response.ok(drawn.bytes()).type(mediaType));
    }

    /// @param isWeak whether different bytes, such as compressed ones, have the same tag
    /// @return 304 if the client has the content
    /// @throws Problem.ProblemException `PRECONDITION_FAILED` (412)
    Optional<Response.ResponseBuilder> known(String tag, boolean isWeak, HttpHeaders headers) {
        List<String> expected = lines(headers, "If-Match");
        if (!EntityTags.isExpected(expected, tag, isWeak)) {
            throw Problem.of(
                    GeneralProblem.PRECONDITION_FAILED,
                    "If-Match is %s; the current ETag is %s\"%s\"."
                            .formatted(String.join(", ", expected), isWeak ? "W/" : "", tag));
        }
        return EntityTags.isKnown(lines(headers, "If-None-Match"), tag)
                ? Optional.of(controlled(Response.notModified(new EntityTag(tag, isWeak))))
                : Optional.empty();
    }

    Response.ResponseBuilder controlled(Response.ResponseBuilder answer) {
        return answer.header("Cache-Control", cacheControl);
    }

    private static List<String> lines(HttpHeaders headers, String name) {
        List<String> lines = headers.getRequestHeader(name);
        return lines == null ? List.of() : lines;
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
