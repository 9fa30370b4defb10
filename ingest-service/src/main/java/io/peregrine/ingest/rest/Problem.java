package io.peregrine.ingest.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.events.FieldError;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.sql.SQLException;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jdbi.v3.core.JdbiException;

/// An error as RFC 9457 tells it, `application/problem+json`.
@Schema(description = "RFC 9457")
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Problem(
        @Schema(description = "Address of a page on this kind of problem")
        String type,

        String title,
        int status,
        @Schema(description = "This case, and what to do") String detail,
        @Schema(description = "The address that was asked") String instance,

        @Schema(description = "What is wrong with each field")
        List<Field> errors) {

    static final String MEDIA_TYPE = "application/problem+json";

    /// @param detail what was found, what is wrong with it and what is allowed
    /// @param pointer JSON pointer (RFC 6901) into the body
    public record Field(String detail, String pointer) {
        static Field of(FieldError error) {
            return new Field(
                    "%s (found %s); %s".formatted(error.problem(), error.found(), error.cure()), error.field());
        }
    }

    /// Ends a request with a problem.
    @SuppressWarnings("serial")
    static final class Thrown extends RuntimeException {
        private final ProblemKind kind;
        private final transient List<Field> errors;

        Thrown(ProblemKind kind, String what, List<Field> errors) {
            super(what + " " + kind.cure(), null, false, false);
            this.kind = kind;
            this.errors = errors;
        }
    }

    static Thrown of(ProblemKind kind, String what) {
        return new Thrown(kind, what, List.of());
    }

    private static Response answer(ProblemKind kind, String detail, List<Field> errors, UriInfo uri) {
        Problem problem = new Problem(
                kind.type(),
                kind.title(),
                kind.status(),
                detail,
                uri.getRequestUri().getPath(),
                errors);
        Response.ResponseBuilder response =
                Response.status(kind.status()).type(MEDIA_TYPE).entity(problem);
        return kind == ProblemKind.DATABASE_AWAY
                ? response.header("Retry-After", 5).build()
                : response.build();
    }

    /// Turns what requests end with into problems.
    static final class Mapping {
        private static final Logger LOG = Logger.getLogger(Problem.class);

        @ServerExceptionMapper
        Response thrown(Thrown problem, UriInfo uri) {
            return answer(problem.kind, problem.getMessage(), problem.errors, uri);
        }

        /// What the framework refuses: an unknown address, another method, another media type.
        @ServerExceptionMapper
        Response refused(WebApplicationException refused, UriInfo uri) {
            Response.StatusType status = refused.getResponse().getStatusInfo();
            if (status.getStatusCode() < 400) {
                return refused.getResponse();
            }
            if (status.getStatusCode() == ProblemKind.TOO_LARGE.status()) {
                return answer(ProblemKind.TOO_LARGE, ProblemKind.TOO_LARGE.cure(), List.of(), uri);
            }
            String path = uri.getRequestUri().getPath();
            String detail = "%s answers %d here; /q/openapi lists every address with its methods and media types."
                    .formatted(path, status.getStatusCode());
            Problem problem = new Problem(
                    "about:blank", status.getReasonPhrase(), status.getStatusCode(), detail, path, List.of());
            return Response.status(status).type(MEDIA_TYPE).entity(problem).build();
        }

        @ServerExceptionMapper
        Response database(JdbiException error, UriInfo uri) {
            for (Throwable at = error; at != null; at = at.getCause()) {
                if (at instanceof SQLException sql && (sql.getSQLState() == null || isAway(sql.getSQLState()))) {
                    return answer(ProblemKind.DATABASE_AWAY, ProblemKind.DATABASE_AWAY.cure(), List.of(), uri);
                }
            }
            return bug(error, uri);
        }

        @ServerExceptionMapper
        Response bug(RuntimeException error, UriInfo uri) {
            LOG.errorf(error, "request failed path=%s", uri.getRequestUri().getPath());
            return answer(ProblemKind.INTERNAL, ProblemKind.INTERNAL.cure(), List.of(), uri);
        }

        private static boolean isAway(String state) {
            return state.startsWith("08") || state.startsWith("57") || state.startsWith("53");
        }
    }
}
