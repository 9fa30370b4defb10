package io.peregrine.cluster.rest;

import io.peregrine.cluster.postgres.ClassQueries;
import io.peregrine.cluster.postgres.ClassQueries.ConfusionCell;
import io.peregrine.cluster.postgres.RunDetails.ClassSizes;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.PageOf;
import io.peregrine.rest.PageRequest;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Pages of a run's classes: a run may have 10,000.
@Path("/api/v1/runs/{run}")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "runs")
public class ClassesResource {
    private final RunsResource runs;
    private final ClassQueries classes;
    private final Paging paging;

    ClassesResource(RunsResource runs, ClassQueries classes, Paging paging) {
        this.runs = runs;
        this.classes = classes;
        this.paging = paging;
    }

    static final class ClassPage extends PageOf<ClassSizes> {}

    static final class ConfusionPage extends PageOf<ConfusionCell> {}

    @GET
    @Path("/classes")
    @Operation(
            operationId = "listClasses",
            summary = "List classes in label order: sizes before and after balancing, recall and precision",
            description = "The default limit is 1,000.")
    @APIResponseSchema(ClassPage.class)
    public Response classes(
            @Parameter(ref = "run") @PathParam("run") String run, @BeanParam PageRequest page, @Context UriInfo uri) {
        runs.require(run);
        return classes.page(run, page.after(), paging.longLimit(page))
                .answer(uri)
                .build();
    }

    @GET
    @Path("/confusion")
    @Operation(
            operationId = "getConfusion",
            summary = "List the nonzero cells of the classifier's confusion matrix",
            description =
                    "Ordered by the label of the true class, then of the predicted class. The default limit is 1,000.")
    @APIResponseSchema(ConfusionPage.class)
    public Response confusion(
            @Parameter(ref = "run") @PathParam("run") String run, @BeanParam PageRequest page, @Context UriInfo uri) {
        runs.require(run);
        Cursor after = page.after();
        int limit = paging.longLimit(page);
        if (!classes.isTested(run)) {
            throw noTestResult(run, classes.testImages(run).orElse(null));
        }
        return classes.confusion(run, after, limit)
                .orElseThrow(() -> Problem.of(
                        RunProblem.TEST_RESULT_GONE,
                        "The test result of run %s cannot be read from the store.".formatted(run)))
                .answer(uri)
                .build();
    }

    /// @param testImages number of test images; null if it is not known yet
    static Problem.ProblemException noTestResult(String run, Long testImages) {
        boolean hasNoTestImages = testImages != null && testImages == 0;
        return Problem.of(
                RunProblem.NO_TEST_RESULT,
                (hasNoTestImages
                                ? "The dataset of run %s has no test images, so its classifier was not tested."
                                : "Run %s has no result on test images yet.")
                        .formatted(run));
    }
}
