package io.peregrine.cluster.rest;

import io.peregrine.cluster.postgres.Cursor;
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
        return answer(new Problem(
                kind.type(),
                kind.title(),
                kind.status(),
                detail,
                uri.getRequestUri().getPath()));
    }

    private static Response answer(Problem problem) {
        Response.ResponseBuilder response =
                Response.status(problem.status()).type(MEDIA_TYPE).entity(problem);
        if (problem.status() == ProblemKind.DATABASE_AWAY.status()) {
            response.header("Retry-After", 5);
        }
        return response.build();
    }

    /// Turns what requests end with into problems.
    static final class Mapping {
        /// SQLSTATE class of values that the database cannot hold, such as a text with a zero byte.
        private static final String DATA_EXCEPTION = "22";

        private static final Logger LOG = Logger.getLogger(Problem.class);

        @ServerExceptionMapper
        Response thrown(Thrown problem, UriInfo uri) {
            return answer(problem.kind, problem.getMessage(), uri);
        }

        @ServerExceptionMapper
        Response cursor(Cursor.Bad bad, UriInfo uri) {
            return answer(ProblemKind.BAD_CURSOR, bad.getMessage() + ". " + ProblemKind.BAD_CURSOR.cure(), uri);
        }

        /// What the framework refuses: an unknown address, another method, another media type.
        @ServerExceptionMapper
        Response refused(WebApplicationException refused, UriInfo uri) {
            Response.StatusType status = refused.getResponse().getStatusInfo();
            if (status.getStatusCode() < 400) {
                return refused.getResponse();
            }
            if (status.getStatusCode() == 400) {
                return answer(ProblemKind.BAD_BODY, ProblemKind.BAD_BODY.cure(), uri);
            }
            String detail = "%s answers %d here; /q/openapi lists every address with its methods and media types."
                    .formatted(uri.getRequestUri().getPath(), status.getStatusCode());
            return answer(new Problem(
                    "about:blank",
                    status.getReasonPhrase(),
                    status.getStatusCode(),
                    detail,
                    uri.getRequestUri().getPath()));
        }

        @ServerExceptionMapper
        Response database(JdbiException error, UriInfo uri) {
            for (Throwable at = error; at != null; at = at.getCause()) {
                if (at instanceof SQLException sql) {
                    String state = sql.getSQLState();
                    if (state == null || isAway(state)) {
                        return answer(ProblemKind.DATABASE_AWAY, ProblemKind.DATABASE_AWAY.cure(), uri);
                    }
                    if (state.startsWith(DATA_EXCEPTION)) {
                        return answer(ProblemKind.BAD_VALUE, ProblemKind.BAD_VALUE.cure(), uri);
                    }
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
