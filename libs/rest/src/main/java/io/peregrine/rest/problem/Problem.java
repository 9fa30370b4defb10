package io.peregrine.rest.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.events.FieldError;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/// An error in the format of RFC 9457, `application/problem+json`.
@Schema(description = "Problem details of an error (RFC 9457)")
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Problem(
        @Schema(description = "URL of the description of this kind of problem")
        String type,

        String title,
        int status,

        @Schema(description = "What was found in this case, and what to do")
        String detail,

        @Schema(description = "Path of the request") String instance,

        @Schema(description = "Errors of individual fields, if a body was refused")
        List<Field> errors) {

    public static final String MEDIA_TYPE = "application/problem+json";

    /// @param detail which value was found, what is wrong with it and what is allowed
    /// @param pointer JSON pointer (RFC 6901) into the body
    public record Field(String detail, String pointer) {
        /// @return the error of a specification's field
        public static Field of(FieldError error) {
            return new Field(
                    "%s (found %s); %s".formatted(error.problem(), error.found(), error.remedy()), error.field());
        }
    }

    /// Ends a request with a problem response.
    @SuppressWarnings("serial")
    public static final class ProblemException extends RuntimeException {
        private final transient ProblemKind kind;
        private final transient List<Field> errors;
        private final transient Map<String, String> headers = new LinkedHashMap<>();

        private ProblemException(ProblemKind kind, String what, List<Field> errors) {
            super(what + " " + kind.remedy(), null, false, false);
            this.kind = kind;
            this.errors = errors;
        }

        /// @return the response to a request for `uri`
        public Response answer(UriInfo uri) {
            Response.ResponseBuilder answer = Problem.builder(kind, getMessage(), errors, uri);
            headers.forEach(answer::header);
            return answer.build();
        }

        /// @return this exception, whose response has one more header
        public ProblemException withHeader(String name, String value) {
            headers.put(name, value);
            return this;
        }
    }

    /// @param what a sentence about this case; the kind's remedy is appended
    /// @return the exception to throw
    public static ProblemException of(ProblemKind kind, String what) {
        return of(kind, what, List.of());
    }

    /// @param errors errors of the body's fields
    /// @return the exception to throw
    public static ProblemException of(ProblemKind kind, String what, List<Field> errors) {
        return new ProblemException(kind, what, errors);
    }

    public static Response answer(ProblemKind kind, String detail, List<Field> errors, UriInfo uri) {
        return builder(kind, detail, errors, uri).build();
    }

    private static Response.ResponseBuilder builder(ProblemKind kind, String detail, List<Field> errors, UriInfo uri) {
        Response.ResponseBuilder response = response(new Problem(
                kind.type(),
                kind.title(),
                kind.status(),
                detail,
                uri.getRequestUri().getPath(),
                errors));
        return switch (kind.status()) {
            case 429 -> response.header("Retry-After", 1);
            case 503 -> response.header("Retry-After", 5);
            default -> response;
        };
    }

    public static Response.ResponseBuilder response(Problem problem) {
        return Response.status(problem.status()).type(MEDIA_TYPE).entity(problem);
    }
}
