package io.peregrine.rest;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import io.peregrine.rest.problem.ProblemKind;
import io.peregrine.work.jobs.Database;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jdbi.v3.core.JdbiException;

/// Maps exceptions of requests to problem responses.
final class ProblemMapping {
    /// SQLSTATE class of values that the database cannot store, such as a text with a zero byte.
    private static final String DATA_EXCEPTION = "22";

    private static final List<ProblemKind> OF_THE_FRAMEWORK = List.of(
            GeneralProblem.BAD_BODY,
            GeneralProblem.ADDRESS_UNKNOWN,
            GeneralProblem.METHOD_NOT_ALLOWED,
            GeneralProblem.NOT_ACCEPTABLE,
            GeneralProblem.TOO_LARGE,
            GeneralProblem.MEDIA_TYPE_UNKNOWN);

    private static final Logger LOG = Logger.getLogger(Problem.class);

    private final Operations operations;

    ProblemMapping(Operations operations) {
        this.operations = operations;
    }

    @ServerExceptionMapper
    Response thrown(Problem.ProblemException problem, UriInfo uri) {
        return problem.answer(uri);
    }

    /// Rejections by the framework: an unknown URL, method or media type.
    @ServerExceptionMapper
    Response refused(WebApplicationException refused, UriInfo uri, Request request) {
        Response.StatusType status = refused.getResponse().getStatusInfo();
        if (status.getStatusCode() < 400) {
            return refused.getResponse();
        }
        String path = uri.getRequestUri().getPath();
        if (status.getStatusCode() == 404 || status.getStatusCode() == 405) {
            // The framework looks for the method in one resource class only.
            Set<String> allowed = operations.allowedMethods(path);
            if (!allowed.isEmpty() && !allowed.contains(request.getMethod())) {
                return notAllowed(request.getMethod(), allowed, uri);
            }
        }
        for (ProblemKind kind : OF_THE_FRAMEWORK) {
            if (kind.status() == status.getStatusCode()) {
                return Problem.of(kind, "%s answered with status %d.".formatted(path, kind.status()))
                        .answer(uri);
            }
        }
        String detail = "%s answered with status %d.".formatted(path, status.getStatusCode());
        return Problem.response(new Problem(
                        "about:blank", status.getReasonPhrase(), status.getStatusCode(), detail, path, List.of()))
                .build();
    }

    private static Response notAllowed(String method, Set<String> allowed, UriInfo uri) {
        String methods = String.join(", ", allowed);
        return Problem.of(
                        GeneralProblem.METHOD_NOT_ALLOWED,
                        "The method is %s; this URL allows %s.".formatted(method, methods))
                .withHeader("Allow", methods)
                .answer(uri);
    }

    /// A missing or damaged artifact, or an unavailable store.
    @ServerExceptionMapper
    Response failure(FailureException failure, UriInfo uri) {
        if (failure.kind() == FailureKind.RESOURCE) {
            return Problem.of(GeneralProblem.STORE_UNAVAILABLE, failure.getMessage() + ".")
                    .answer(uri);
        }
        if (failure.code().equals("EVENT_TOO_LARGE")) {
            return Problem.of(GeneralProblem.TOO_LARGE, failure.getMessage() + ".")
                    .answer(uri);
        }
        if (failure.code().equals("EVENT_UNREADABLE")) {
            return Problem.of(GeneralProblem.BAD_BODY, failure.getMessage() + ".")
                    .answer(uri);
        }
        return failure.code().startsWith("ARTIFACT")
                ? Problem.of(GeneralProblem.ARTIFACT_GONE, failure.getMessage() + ".")
                        .answer(uri)
                : bug(failure, uri);
    }

    /// A mapped file was truncated during reading. The next request finds it damaged.
    @ServerExceptionMapper
    Response truncated(InternalError error, UriInfo uri) {
        return Safetensors.truncated(error)
                .map(truncated -> failure(truncated, uri))
                .orElseGet(() -> bug(new IllegalStateException(error), uri));
    }

    @ServerExceptionMapper
    Response database(JdbiException error, UriInfo uri) {
        if (Database.isTransient(error)) {
            return general(GeneralProblem.DATABASE_UNAVAILABLE, uri);
        }
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof SQLException sql && sql.getSQLState().startsWith(DATA_EXCEPTION)) {
                return general(GeneralProblem.BAD_VALUE, uri);
            }
        }
        return bug(error, uri);
    }

    @ServerExceptionMapper
    Response bug(RuntimeException error, UriInfo uri) {
        LOG.errorf(error, "Request failed path=%s", uri.getRequestUri().getPath());
        return general(GeneralProblem.INTERNAL, uri);
    }

    private static Response general(ProblemKind kind, UriInfo uri) {
        return Problem.answer(kind, kind.remedy(), List.of(), uri);
    }
}
