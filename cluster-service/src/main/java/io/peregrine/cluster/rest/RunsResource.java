package io.peregrine.cluster.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.cluster.CancelRun;
import io.peregrine.cluster.DeleteRun;
import io.peregrine.cluster.postgres.RunDetails;
import io.peregrine.cluster.postgres.RunQueries;
import io.peregrine.cluster.postgres.RunQueries.TimelineEntry;
import io.peregrine.cluster.postgres.RunSummary;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.RunRef;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.rest.Caller;
import io.peregrine.rest.PageOf;
import io.peregrine.rest.PageRequest;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Lists runs, describes a run and its timeline, and cancels and deletes runs.
@Path("/api/v1/runs")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "runs")
public class RunsResource {
    private static final List<String> STATES = List.of("running", "completed", "failed", "cancelled");

    private final RunQueries runs;
    private final CancelRun cancelling;
    private final DeleteRun deleting;
    private final Paging paging;
    private final Caller caller;

    RunsResource(RunQueries runs, CancelRun cancelling, DeleteRun deleting, Paging paging, Caller caller) {
        this.runs = runs;
        this.cancelling = cancelling;
        this.deleting = deleting;
        this.paging = paging;
        this.caller = caller;
    }

    static final class RunPage extends PageOf<RunSummary> {}

    static final class TimelinePage extends PageOf<TimelineEntry> {}

    @GET
    @Operation(operationId = "listRuns", summary = "List runs, newest first")
    @APIResponseSchema(RunPage.class)
    public Response list(
            @Parameter(schema = @Schema(enumeration = {"running", "completed", "failed", "cancelled"}))
                    @QueryParam("state")
                    String state,
            @QueryParam("dataset") String dataset,
            @BeanParam PageRequest page,
            @Context UriInfo uri) {
        if (state != null && !STATES.contains(state)) {
            throw Problem.of(
                    RunProblem.BAD_FILTER,
                    "state is '%s'; allowed values are %s.".formatted(state, String.join(", ", STATES)));
        }
        return runs.runs(state, dataset, page.after(), paging.limit(page))
                .answer(uri)
                .build();
    }

    @GET
    @Path("/{run}")
    @Operation(operationId = "getRun", summary = "Get one run with all details")
    public RunDetails run(@Parameter(ref = "run") @PathParam("run") String run) {
        return runs.details(run).orElseThrow(() -> unknown(run)).withLinks(links(run));
    }

    @GET
    @Path("/{run}/timeline")
    @Operation(operationId = "listTimeline", summary = "List every event of the run once, by time")
    @APIResponseSchema(TimelinePage.class)
    public Response timeline(
            @Parameter(ref = "run") @PathParam("run") String run, @BeanParam PageRequest page, @Context UriInfo uri) {
        require(run);
        return runs.timeline(run, page.after(), paging.limit(page)).answer(uri).build();
    }

    /// The reason of a cancellation.
    ///
    /// @param reason one sentence for readers, or null
    public record Cancellation(
            @Schema(examples = "wrong folder", maxLength = RunCancelled.REASON_CHARACTERS)
            String reason) {
        /// Parses a body of any declared media type. The body may be missing, so that `curl -X POST` is enough.
        static Cancellation read(String body) {
            String defaultReason = "requested by a user";
            if (body == null || body.isBlank()) {
                return new Cancellation(defaultReason);
            }
            try {
                JsonNode json = EventCodec.tree(body.getBytes(UTF_8));
                if (json.isObject()
                        && (!json.has("reason") || json.get("reason").isTextual())) {
                    return new Cancellation(bounded(json.path("reason").asText(defaultReason)));
                }
            } catch (UnreadableEventException invalid) {
                throw Problem.of(
                        GeneralProblem.BAD_BODY, "The body cannot be read: %s.".formatted(invalid.getMessage()));
            }
            throw Problem.of(GeneralProblem.BAD_BODY, "The body is not of the form {\"reason\": \"a text\"}.");
        }

        private static String bounded(String reason) {
            int characters = reason.codePointCount(0, reason.length());
            if (characters > RunCancelled.REASON_CHARACTERS) {
                throw Problem.of(RunProblem.REASON_TOO_LONG, "The reason has %,d characters.".formatted(characters));
            }
            return reason;
        }
    }

    @POST
    @Path("/{run}/cancel")
    @Consumes(MediaType.WILDCARD)
    @Operation(
            operationId = "cancelRun",
            summary = "Cancel a run",
            description = "Every service stops the run's jobs within seconds and publishes no further events of"
                    + " the run.")
    @RequestBody(
            required = false,
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            schema = @Schema(implementation = Cancellation.class)))
    @APIResponse(
            responseCode = "202",
            description = "The run is cancelled; run.cancelled will be published",
            content = @Content(schema = @Schema(implementation = RunSummary.class)))
    @APIResponse(
            responseCode = "409",
            description = "The run has ended already",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    @APIResponse(
            responseCode = "422",
            description = "The reason has more than 1,000 characters",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public Response cancel(@Parameter(ref = "run") @PathParam("run") String run, String body) {
        Cancellation cancellation = Cancellation.read(body);
        RunRef reference = runs.reference(run).orElseThrow(() -> unknown(run));
        if (!cancelling.cancel(reference, cancellation.reason(), caller.name())) {
            String state = runs.summary(run).map(RunSummary::state).orElse("ended");
            throw Problem.of(RunProblem.RUN_ENDED, "Run %s is %s.".formatted(run, state));
        }
        return Response.accepted(runs.summary(run).orElseThrow())
                .location(URI.create("/api/v1/runs/" + run))
                .build();
    }

    @DELETE
    @Path("/{run}")
    @Operation(
            operationId = "deleteRun",
            summary = "Delete a run that has ended",
            description = "The run is no longer available, and later events of it are ignored, also a repeat of"
                    + " its dataset.ready event: a new run needs a new event. The other services delete"
                    + " their data of the run within seconds. Artifacts that only this run references stay"
                    + " in the store until they are pruned with POST /api/v1/artifacts/prune of each service.")
    @APIResponse(responseCode = "204", description = "The run is deleted; run.deleted will be published")
    @APIResponse(
            responseCode = "409",
            description = "The run is still running",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public void delete(@Parameter(ref = "run") @PathParam("run") String run) {
        RunRef reference = runs.reference(run).orElseThrow(() -> unknown(run));
        if (!deleting.delete(reference, caller.name())) {
            // Another request may have deleted it at the same moment.
            require(run);
            throw Problem.of(RunProblem.RUN_STILL_RUNNING, "Run %s is running.".formatted(run));
        }
    }

    /// @throws Problem.ProblemException if the run is unknown
    RunSummary require(String run) {
        return runs.summary(run).orElseThrow(() -> unknown(run));
    }

    private static Problem.ProblemException unknown(String run) {
        return Problem.of(RunProblem.RUN_UNKNOWN, "Run '%s' does not exist.".formatted(run));
    }

    private static Map<String, String> links(String run) {
        Map<String, String> links = new LinkedHashMap<>();
        links.put("self", "/api/v1/runs/" + run);
        for (String part : List.of("timeline", "classes", "confusion", "clusters", "images", "projection", "refused")) {
            links.put(part, "/api/v1/runs/" + run + "/" + part);
        }
        for (String chart : List.of("history", "confusion", "clusters")) {
            links.put(chart + "Chart", "/api/v1/runs/" + run + "/charts/" + chart + ".svg");
        }
        return links;
    }
}
