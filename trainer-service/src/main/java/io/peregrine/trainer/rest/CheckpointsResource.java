package io.peregrine.trainer.rest;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.Problem;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.trainer.postgres.CheckpointTable.Checkpoint;
import io.peregrine.work.Database;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
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
    private static final String THE_RUN = "The run's id: 32 hexadecimal digits";

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
    public KeptCheckpoints kept(@Parameter(description = THE_RUN) @PathParam("run") String run) {
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
            description = "Available while the checkpoint is the best or the newest of its network.")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_OCTET_STREAM,
                            schema = @Schema(type = SchemaType.STRING, format = "binary")))
    @APIResponse(
            responseCode = "410",
            description = "The checkpoint has expired (artifact-expired), or is not in the store (artifact-gone)",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public Response weights(
            @Parameter(description = THE_RUN) @PathParam("run") String run,
            @Parameter(description = "`classifier` or `autoencoder`") @PathParam("network") String network,
            @Parameter(description = "Epoch, from 1") @PathParam("epoch") int epoch,
            @Context Request request) {
        Checkpoint checkpoint = find(run, network, epoch);
        return HttpCaching.IMMUTABLE.answer(
                checkpoint.weights().sha256(), request, () -> answer(open(run, checkpoint), checkpoint));
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

    private InputStream open(String run, Checkpoint checkpoint) {
        ArtifactRef weights = checkpoint.weights();
        try {
            return Files.newInputStream(store.open(weights));
        } catch (FailureException gone) {
            // It may have expired after the query.
            find(run, checkpoint.network(), checkpoint.epoch());
            throw gone;
        } catch (IOException e) {
            throw FailureException.resource(
                    "STORE_UNREACHABLE", "%s cannot be read: %s".formatted(weights.uri(), e), e);
        }
    }

    private static Response.ResponseBuilder answer(InputStream weights, Checkpoint checkpoint) {
        StreamingOutput content = out -> {
            try (weights) {
                weights.transferTo(out);
            }
        };
        String name = "%s-%d.safetensors".formatted(checkpoint.network(), checkpoint.epoch());
        return Response.ok(content)
                .type(MediaType.APPLICATION_OCTET_STREAM)
                .header("Content-Length", checkpoint.weights().bytes())
                .header("Content-Disposition", "attachment; filename=\"%s\"".formatted(name));
    }
}
