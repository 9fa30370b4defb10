package io.peregrine.rest.problem;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// The pages to which the `type` of a problem refers.
@Path("/api/v1/problems")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "problems")
public class ProblemsResource {
    private final ProblemKinds kinds;

    ProblemsResource(ProblemKinds kinds) {
        this.kinds = kinds;
    }

    /// A kind of problem.
    ///
    /// @param remedy what to do
    public record Kind(String type, String title, int status, String remedy) {
        static Kind of(ProblemKind kind) {
            return new Kind(kind.type(), kind.title(), kind.status(), kind.remedy());
        }
    }

    /// All kinds of problems.
    public record Kinds(List<Kind> items) {}

    @GET
    @Operation(operationId = "listProblems", summary = "List every kind of problem that this API returns")
    public Kinds list() {
        return new Kinds(kinds.all().stream().map(Kind::of).toList());
    }

    @GET
    @Path("/{kind}")
    @Operation(operationId = "getProblem", summary = "Get one kind of problem and its remedy")
    public Kind kind(@PathParam("kind") String kind) {
        return kinds.all().stream()
                .filter(known -> known.slug().equals(kind))
                .map(Kind::of)
                .findFirst()
                .orElseThrow(() ->
                        Problem.of(GeneralProblem.PROBLEM_UNKNOWN, "'%s' is not a kind of problem.".formatted(kind)));
    }
}
