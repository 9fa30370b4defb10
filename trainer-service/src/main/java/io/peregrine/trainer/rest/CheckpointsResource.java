package io.peregrine.trainer.rest;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.rest.FileAnswer;
import io.peregrine.rest.problem.Problem;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.trainer.postgres.CheckpointTable.Checkpoint;
import io.peregrine.work.jobs.Database;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Checkpoints of a run that are kept, and their files.
@Path("/api/v1/runs/{run}/checkpoints")
@Tag(name = "checkpoints")
@Blocking
public class CheckpointsResource {
    private final Database database;
    private final ArtifactStore store;

    CheckpointsResource(Database database, ArtifactStore store) {
        this.database = database;
        this.store = store;
    }

    /// A checkpoint that is kept.
    ///
    /// @param best the best so far, by the loss on the validation split or, without one, in training
    /// @param last whether it is the last checkpoint of its training
    public record KeptCheckpoint(
            @Schema(enumeration = {"classifier", "autoencoder"})
            String network,

            int epoch,

            @Schema(
                    description = "Whether the loss is lower than in every earlier epoch, on the validation split or,"
                            + " without one, in training")
            boolean best,

            @Schema(description = "Whether this is the last checkpoint of its training")
            boolean last,

            ArtifactRef weights) {
        static KeptCheckpoint of(Checkpoint row) {
            return new KeptCheckpoint(row.network(), row.epoch(), row.best(), row.last(), row.weights());
        }
    }

    /// All kept checkpoints of a run.
    public record KeptCheckpoints(List<KeptCheckpoint> items) {}

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            operationId = "listCheckpoints",
            summary = "List the kept checkpoints of a run",
            description = "These are the best and the newest of each network, which may be the same.")
    public KeptCheckpoints kept(@Parameter(ref = "run") @PathParam("run") String run) {
        List<Checkpoint> kept = database.jdbi().withHandle(sql -> CheckpointTable.kept(sql, run));
        if (kept.isEmpty()) {
            throw Problem.of(CheckpointProblem.CHECKPOINT_UNKNOWN, "Run '%s' has no checkpoint.".formatted(run));
        }
        return new KeptCheckpoints(kept.stream().map(KeptCheckpoint::of).toList());
    }

    @GET
    @Path("/{network}/{epoch}")
    @Operation(
            operationId = "getCheckpoint",
            summary = "Get a network's weights after an epoch, as a safetensors file",
            description = "Available while the checkpoint is the best or the newest of its network. A request with one"
                    + " range gets a part, so that an interrupted download can be resumed.")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_OCTET_STREAM,
                            schema = @Schema(type = SchemaType.STRING, format = "binary")))
    @APIResponse(responseCode = "206", ref = "part")
    @APIResponse(responseCode = "304", ref = "known")
    @APIResponse(responseCode = "416", ref = "noPart")
    @Parameter(ref = "range")
    @APIResponse(
            responseCode = "410",
            description = "The checkpoint has expired (artifact-expired), or is not in the store (artifact-gone)",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public Response weights(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(description = "`classifier` or `autoencoder`") @PathParam("network") String network,
            @Parameter(description = "Epoch, from 1") @PathParam("epoch") int epoch,
            @Context HttpHeaders headers,
            @Context Request request) {
        Checkpoint checkpoint = find(run, network, epoch);
        return FileAnswer.of(checkpoint.weights().sha256(), headers, request, () -> open(run, checkpoint))
                .build();
    }

    private Checkpoint find(String run, String network, int epoch) {
        Checkpoint checkpoint = database.jdbi()
                .withHandle(sql -> CheckpointTable.find(sql, run, network, epoch))
                .orElseThrow(() -> Problem.of(
                        CheckpointProblem.CHECKPOINT_UNKNOWN,
                        "Run '%s' has no checkpoint of '%s' after epoch %d.".formatted(run, network, epoch)));
        if (!checkpoint.kept()) {
            throw Problem.of(
                    CheckpointProblem.ARTIFACT_EXPIRED,
                    "The %s of run %s after epoch %d has expired.".formatted(network, run, epoch));
        }
        return checkpoint;
    }

    private FileAnswer.Opened open(String run, Checkpoint checkpoint) {
        ArtifactRef weights = checkpoint.weights();
        try {
            return new FileAnswer.Opened(
                    FileChannel.open(store.open(weights)),
                    weights.bytes(),
                    MediaType.APPLICATION_OCTET_STREAM,
                    "attachment; filename=\"%s-%d.safetensors\"".formatted(checkpoint.network(), checkpoint.epoch()));
        } catch (FailureException gone) {
            // It may have expired after the query.
            find(run, checkpoint.network(), checkpoint.epoch());
            throw gone;
        } catch (IOException e) {
            throw FailureException.resource(
                    "STORE_UNREACHABLE", "%s cannot be read: %s".formatted(weights.uri(), e), e);
        }
    }
}
