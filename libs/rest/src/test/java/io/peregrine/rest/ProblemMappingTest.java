package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.FailureException;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.net.URI;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemMappingTest {
    private static final UriInfo RUNS = Requests.forUrl("http://localhost:8084/api/v1/runs?state=x");

    private final ProblemMapping mapping = new ProblemMapping(new Operations(List.of(Runs.class)));

    /// A resource with one operation.
    @Path("/api/v1/runs")
    public static final class Runs {
        @GET
        public void list() {}
    }

    private static Problem problem(Response response) {
        assertThat(response.getMediaType()).hasToString(Problem.MEDIA_TYPE);
        Problem problem = (Problem) response.getEntity();
        assertThat(problem.status()).isEqualTo(response.getStatus());
        assertThat(problem.instance()).isEqualTo("/api/v1/runs");
        return problem;
    }

    @Test
    void aThrownProblemIsAnsweredAsItIs() {
        Problem problem = problem(mapping.thrown(Problem.of(GeneralProblem.BAD_CURSOR, "This case."), RUNS));

        assertThat(problem.type()).isEqualTo(GeneralProblem.BAD_CURSOR.type());
        assertThat(problem.detail()).startsWith("This case. ");
    }

    @ParameterizedTest
    @CsvSource({
        "400, BAD_BODY",
        "404, ADDRESS_UNKNOWN",
        "405, METHOD_NOT_ALLOWED",
        "406, NOT_ACCEPTABLE",
        "413, TOO_LARGE",
        "415, MEDIA_TYPE_UNKNOWN"
    })
    void aRejectionByTheFrameworkHasAKindWithARemedy(int status, GeneralProblem kind) {
        Problem problem = problem(mapping.refused(new WebApplicationException(status), RUNS, Requests.of("GET")));

        assertThat(problem.type()).isEqualTo(kind.type());
        assertThat(problem.status()).isEqualTo(status);
        assertThat(problem.detail()).contains("/api/v1/runs", Integer.toString(status), kind.remedy());
    }

    @ParameterizedTest
    @CsvSource({"404, DELETE", "405, DELETE", "405, PATCH"})
    void aKnownUrlStatesItsMethods(int status, String method) {
        // The framework answers 404 if another class with the same first segments has the operation.
        Response response = mapping.refused(new WebApplicationException(status), RUNS, Requests.of(method));

        assertThat(problem(response).type()).isEqualTo(GeneralProblem.METHOD_NOT_ALLOWED.type());
        assertThat(problem(response).detail()).contains(method, "GET, HEAD, OPTIONS");
        assertThat(response.getHeaderString("Allow")).isEqualTo("GET, HEAD, OPTIONS");
    }

    @Test
    void anyOtherStatusOfTheFrameworkHasNoType() {
        Problem problem = problem(mapping.refused(new WebApplicationException(417), RUNS, Requests.of("GET")));

        assertThat(problem.type()).isEqualTo("about:blank");
        assertThat(problem.title()).isEqualTo("Expectation Failed");
        assertThat(problem.status()).isEqualTo(417);
    }

    @Test
    void aRedirectIsNotAProblem() {
        Response redirect = Response.temporaryRedirect(URI.create("/elsewhere")).build();

        Response answer = mapping.refused(new WebApplicationException(redirect), RUNS, Requests.of("GET"));
        assertThat(answer).isSameAs(redirect);
    }

    @ParameterizedTest
    @CsvSource({
        "ARTIFACT_MISSING, 410, ARTIFACT_GONE",
        "ARTIFACT_CORRUPT, 410, ARTIFACT_GONE",
        "EVENT_TOO_LARGE, 413, TOO_LARGE",
        "EVENT_UNREADABLE, 400, BAD_BODY"
    })
    void aFailureWithAKnownCodeHasAKindAndItsOwnMessage(String code, int status, GeneralProblem kind) {
        Problem problem = problem(mapping.failure(FailureException.input(code, "What was found"), RUNS));

        assertThat(problem.status()).isEqualTo(status);
        assertThat(problem.type()).isEqualTo(kind.type());
        assertThat(problem.detail()).isEqualTo("What was found. " + kind.remedy());
    }

    @Test
    void anUnavailableStoreIsWorthARetry() {
        Response response = mapping.failure(
                FailureException.resource("ARTIFACT_UNREADABLE", "The store is away", new IOException("gone")), RUNS);

        assertThat(problem(response).type()).isEqualTo(GeneralProblem.STORE_UNAVAILABLE.type());
        assertThat(response.getHeaderString("Retry-After")).isEqualTo("5");
    }

    @Test
    void anInternalErrorDoesNotRevealItsMessage() {
        for (Response response : new Response[] {
            mapping.bug(new IllegalStateException("secret of the heap"), RUNS),
            mapping.failure(FailureException.internal("UNEXPECTED", "secret of the heap", null), RUNS),
            mapping.database(sqlError("42601", "secret of the heap"), RUNS),
            mapping.truncated(new InternalError("secret of the heap"), RUNS)
        }) {
            Problem problem = problem(response);
            assertThat(problem.status()).isEqualTo(500);
            assertThat(problem.type()).isEqualTo(GeneralProblem.INTERNAL.type());
            assertThat(problem.detail()).isEqualTo(GeneralProblem.INTERNAL.remedy());
        }
    }

    @Test
    void aFileThatWasTruncatedDuringReadingIsGone() {
        InternalError error = new InternalError("a fault occurred in an unsafe memory access operation");

        assertThat(problem(mapping.truncated(error, RUNS)).type()).isEqualTo(GeneralProblem.ARTIFACT_GONE.type());
    }

    @ParameterizedTest
    @CsvSource({
        // Connection failure, read-only transaction, shutdown, and a pool without a free connection.
        "08006, DATABASE_UNAVAILABLE",
        "25006, DATABASE_UNAVAILABLE",
        "57P01, DATABASE_UNAVAILABLE",
        ", DATABASE_UNAVAILABLE",
        // A zero byte in a text, and a number out of range.
        "22021, BAD_VALUE",
        "22003, BAD_VALUE",
        // A violated constraint, and a syntax error.
        "23505, INTERNAL",
        "42601, INTERNAL"
    })
    void aDatabaseErrorIsUnavailabilityABadValueOrInternal(String state, GeneralProblem kind) {
        assertThat(problem(mapping.database(sqlError(state, "any"), RUNS)).type())
                .isEqualTo(kind.type());
    }

    private static JdbiException sqlError(String state, String message) {
        return new UnableToExecuteStatementException(new SQLException(message, state), null);
    }
}
