package io.peregrine.balance.rest;

import io.peregrine.events.Failure;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.sql.SQLException;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jdbi.v3.core.JdbiException;

/// An error as RFC 9457 tells it, `application/problem+json`.
@Schema(description = "RFC 9457")
public record Problem(
        @Schema(description = "Address of a page on this kind of problem")
        String type,

        String title,
        int status,
        @Schema(description = "This case, and what to do") String detail,
        @Schema(description = "The address that was asked") String instance) {

    static final String MEDIA_TYPE = "application/problem+json";

    /// Ends a request with a problem.
    @SuppressWarnings("serial")
    static final class Thrown extends RuntimeException {
        private final ProblemKind kind;

        Thrown(ProblemKind kind, String what) {
            super(what + " " + kind.cure(), null, false, false);
            this.kind = kind;
        }
    }

    static Thrown of(ProblemKind kind, String what) {
        return new Thrown(kind, what);
    }

    private static Response answer(ProblemKind kind, String detail, UriInfo uri) {
        Problem problem = new Problem(
                kind.type(),
                kind.title(),
                kind.status(),
                detail,
                uri.getRequestUri().getPath());
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
            return answer(problem.kind, problem.getMessage(), uri);
        }

        /// An artefact that is not there any more, or not as it was.
        @ServerExceptionMapper
        Response failure(Failure failure, UriInfo uri) {
            return failure.code().startsWith("ARTEFACT")
                    ? answer(ProblemKind.PIXELS_GONE, failure.getMessage() + ". " + ProblemKind.PIXELS_GONE.cure(), uri)
                    : bug(failure, uri);
        }

        /// What the framework refuses: an unknown address, another method, another media type.
        @ServerExceptionMapper
        Response refused(WebApplicationException refused, UriInfo uri) {
            Response.StatusType status = refused.getResponse().getStatusInfo();
            if (status.getStatusCode() < 400) {
                return refused.getResponse();
            }
            String path = uri.getRequestUri().getPath();
            String detail = "%s answers %d here; /q/openapi lists every address with its methods and media types."
                    .formatted(path, status.getStatusCode());
            Problem problem =
                    new Problem("about:blank", status.getReasonPhrase(), status.getStatusCode(), detail, path);
            return Response.status(status).type(MEDIA_TYPE).entity(problem).build();
        }

        @ServerExceptionMapper
        Response database(JdbiException error, UriInfo uri) {
            for (Throwable at = error; at != null; at = at.getCause()) {
                if (at instanceof SQLException sql && (sql.getSQLState() == null || isAway(sql.getSQLState()))) {
                    return answer(ProblemKind.DATABASE_AWAY, ProblemKind.DATABASE_AWAY.cure(), uri);
                }
            }
            return bug(error, uri);
        }

        @ServerExceptionMapper
        Response bug(RuntimeException error, UriInfo uri) {
            LOG.errorf(error, "request failed path=%s", uri.getRequestUri().getPath());
            return answer(ProblemKind.INTERNAL, ProblemKind.INTERNAL.cure(), uri);
        }

        private static boolean isAway(String state) {
            return state.startsWith("08") || state.startsWith("57") || state.startsWith("53");
        }
    }
}
