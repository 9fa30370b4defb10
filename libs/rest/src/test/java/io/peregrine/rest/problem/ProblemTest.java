package io.peregrine.rest.problem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FieldError;
import io.peregrine.rest.Requests;
import io.peregrine.rest.problem.Problem.Field;
import jakarta.ws.rs.core.Response;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProblemTest {
    private static final String URL = "http://localhost:8084/api/v1/runs/7?limit=x";

    private enum Own implements ProblemKind {
        RUN_UNKNOWN(404, "No such run", "GET /api/v1/runs lists all runs.");

        private final Meaning meaning;

        Own(int status, String title, String remedy) {
            this.meaning = new Meaning(status, title, remedy);
        }

        @Override
        public Meaning meaning() {
            return meaning;
        }
    }

    private static Response answer(ProblemKind kind) {
        return Problem.of(kind, "This case.").answer(Requests.forUrl(URL));
    }

    @Test
    void aProblemHasTheFieldsOfRfc9457() {
        Response response = answer(GeneralProblem.BAD_LIMIT);

        assertThat(response.getStatus()).isEqualTo(400);
        assertThat(response.getMediaType()).hasToString("application/problem+json");
        JsonNode json = EventCodec.json().valueToTree(response.getEntity());
        assertThat(json.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("type", "title", "status", "detail", "instance");
        assertThat(json.get("type").textValue()).isEqualTo("/api/v1/problems/bad-limit");
        assertThat(json.get("title").textValue()).isEqualTo("Bad limit");
        assertThat(json.get("status").intValue()).isEqualTo(400);
        assertThat(json.get("detail").textValue()).isEqualTo("This case. " + GeneralProblem.BAD_LIMIT.remedy());
        assertThat(json.get("instance").textValue()).as("without the query").isEqualTo("/api/v1/runs/7");
    }

    @Test
    void errorsOfFieldsHaveAJsonPointer() {
        FieldError error = new FieldError("/classifier/epochs", "-1", "is too small", "a whole number from 1");
        Response response = Problem.of(GeneralProblem.BAD_BODY, "This case.", List.of(Field.of(error)))
                .answer(Requests.forUrl(URL));

        JsonNode errors = EventCodec.json().valueToTree(response.getEntity()).get("errors");
        assertThat(errors).hasSize(1);
        assertThat(errors.at("/0/pointer").textValue()).isEqualTo("/classifier/epochs");
        assertThat(errors.at("/0/detail").textValue()).isEqualTo("is too small (found -1); a whole number from 1");
    }

    @ParameterizedTest
    @EnumSource(GeneralProblem.class)
    void onlyProblemsThatPassHaveRetryAfter(GeneralProblem kind) {
        String retryAfter = answer(kind).getHeaderString("Retry-After");

        switch (kind.status()) {
            case 429 -> assertThat(retryAfter).isEqualTo("1");
            case 503 -> assertThat(retryAfter).isEqualTo("5");
            default -> assertThat(retryAfter).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource(GeneralProblem.class)
    void theTypeOfAProblemLeadsToItsPage(GeneralProblem kind) {
        Problem problem = (Problem) answer(kind).getEntity();
        assertThat(problem.type()).startsWith("/api/v1/problems/");

        String segment = problem.type().substring("/api/v1/problems/".length());
        ProblemsResource.Kind page = new ProblemsResource(new ProblemKinds(Own.values())).kind(segment);
        assertThat(page)
                .isEqualTo(new ProblemsResource.Kind(problem.type(), kind.title(), kind.status(), kind.remedy()));
    }

    @ParameterizedTest
    @EnumSource(GeneralProblem.class)
    void aKindHasAnErrorStatusAndARemedyInWholeSentences(GeneralProblem kind) {
        assertThat(kind.status()).isBetween(400, 599);
        assertThat(kind.title()).isNotBlank().doesNotEndWith(".");
        assertThat(kind.remedy()).endsWith(".");
    }

    @Test
    void theListHasTheKindsOfTheServiceAndTheGeneralKindsOnce() {
        List<ProblemsResource.Kind> listed =
                new ProblemsResource(new ProblemKinds(Own.values())).list().items();

        assertThat(listed).hasSize(1 + GeneralProblem.values().length);
        assertThat(listed)
                .extracting(ProblemsResource.Kind::type)
                .doesNotHaveDuplicates()
                .contains("/api/v1/problems/run-unknown");
        assertThat(listed)
                .extracting(ProblemsResource.Kind::title)
                .containsAll(Arrays.stream(GeneralProblem.values())
                        .map(ProblemKind::title)
                        .toList());
    }

    @Test
    void anUnknownKindHasNoPage() {
        ProblemsResource pages = new ProblemsResource(new ProblemKinds());

        assertThatThrownBy(() -> pages.kind("run-unknown"))
                .isInstanceOf(Problem.ProblemException.class)
                .hasMessageContaining("'run-unknown'")
                .hasMessageContaining("GET /api/v1/problems");
    }
}
