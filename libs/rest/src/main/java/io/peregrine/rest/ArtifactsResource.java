package io.peregrine.rest;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.peregrine.events.ArtifactRef;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.retention.GarbageCollector;
import io.peregrine.work.retention.GarbageCollector.Unreferenced;
import io.peregrine.work.retention.GarbageCollector.Usage;
import io.peregrine.work.retention.StoreCheck;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Maintenance of the artifacts that this service publishes. Each service knows only the references to its own
/// artifacts.
@Path("/api/v1/artifacts")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "artifacts")
public class ArtifactsResource {
    private static final int NAMES = 1_000;

    private final GarbageCollector pruning;
    private final StoreCheck check;
    private final Drawings drawings;
    private final Database database;
    private final Caller caller;

    ArtifactsResource(GarbageCollector pruning, StoreCheck check, Drawings drawings, Database database, Caller caller) {
        this.pruning = pruning;
        this.check = check;
        this.drawings = drawings;
        this.database = database;
        this.caller = caller;
    }

    /// Unreferenced artifacts.
    public record UnreferencedArtifacts(
            @Schema(description = "Number of artifacts that pruning would delete now")
            long artifacts,

            long bytes,

            @Schema(
                    description = "Number of files that pruning would keep: no table lists them, and they are younger"
                            + " than a day")
            long retained,

            @Schema(description = "The first 1,000 by name") List<Unreferenced> items) {}

    /// A page of verified artifacts.
    ///
    /// @param page the missing and damaged artifacts
    record Checked(
            long artifacts, long bytes, @JsonUnwrapped Page<StoreCheck.Fault> page) {}

    static final class CheckedPage extends PageOf<StoreCheck.Fault> {
        @Schema(required = true, description = "Number of artifacts that were read")
        public long artifacts;

        @Schema(required = true)
        public long bytes;
    }

    @GET
    @Operation(
            operationId = "countReferenced",
            summary = "Get number and size of this service's artifacts that a run references",
            description = "Both are 0 for an unknown or deleted run.")
    public Usage needed(@Parameter(required = true, description = "The run's id") @QueryParam("run") String run) {
        if (run == null) {
            throw Problem.of(GeneralProblem.BAD_VALUE, "The parameter 'run' is missing.");
        }
        return pruning.usedOnlyBy(run);
    }

    @GET
    @Path("/unneeded")
    @Operation(operationId = "listUnreferenced", summary = "List this service's artifacts that no run references")
    public UnreferencedArtifacts unneeded() {
        List<Unreferenced> all = pruning.unreferenced();
        List<Unreferenced> going = all.stream().filter(one -> !one.retained()).toList();
        return new UnreferencedArtifacts(
                going.size(),
                going.stream().mapToLong(Unreferenced::bytes).sum(),
                all.size() - going.size(),
                all.stream().limit(NAMES).toList());
    }

    @POST
    @Path("/prune")
    @Operation(
            operationId = "prune",
            summary = "Delete this service's artifacts that no run references",
            description = "Safe while jobs are running: the artifacts that a running job publishes or reads are"
                    + " referenced by its run.")
    @APIResponse(
            responseCode = "200",
            description = "Number and size of the deleted artifacts",
            content = @Content(schema = @Schema(implementation = Usage.class)))
    @APIResponse(
            responseCode = "409",
            description = "Another pruning of this service is running",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public Usage prune() {
        Usage sum = pruning.prune()
                .orElseThrow(() -> Problem.of(GeneralProblem.PRUNE_IN_PROGRESS, "This service is already pruning."));
        String detail = "%d artifacts, %d bytes".formatted(sum.artifacts(), sum.bytes());
        database.jdbi().useHandle(sql -> Audit.note(sql, "pruned", null, caller.name(), detail));
        return sum;
    }

    @GET
    @Path("/check")
    @Operation(
            operationId = "checkArtifacts",
            summary = "Read this service's artifacts that runs reference, and list missing and damaged ones",
            description = "Each artifact is compared with its length and with its name, which is its SHA-256."
                    + " Nothing is changed. One response covers about 256 MB of artifacts.")
    @APIResponseSchema(CheckedPage.class)
    public Response check(
            @Parameter(description = PageRequest.CURSOR) @QueryParam("cursor") String cursor, @Context UriInfo uri) {
        Cursor after = Cursor.parse(cursor);
        String last = after == null ? "" : after.part(0);
        if (after != null && !ArtifactRef.isUri(last)) {
            throw Problem.of(GeneralProblem.BAD_CURSOR, "The cursor '%s' is not valid.".formatted(cursor));
        }
        // Reads a quarter of a gigabyte, so it shares the concurrency limit of drawings.
        StoreCheck.Page read = drawings.within(0, () -> check.check(last));
        Page<StoreCheck.Fault> page = new Page<>(
                read.faults(),
                read.next() == null ? null : Cursor.after(read.next()).text());
        return page.linked(Response.ok(new Checked(read.artifacts(), read.bytes(), page)), uri)
                .build();
    }
}
