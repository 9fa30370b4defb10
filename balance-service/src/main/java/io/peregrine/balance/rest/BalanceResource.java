package io.peregrine.balance.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.balance.BalanceQueries;
import io.peregrine.balance.BalanceQueries.Balance;
import io.peregrine.balance.postgres.BalanceTables.ClassRow;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.rest.Problem;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// The plan, progress and result of balancing a run.
@Path("/api/v1/runs/{run}/balance")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "balance")
@Blocking
public class BalanceResource {
    private final BalanceQueries balances;

    BalanceResource(BalanceQueries balances) {
        this.balances = balances;
    }

    /// A class before and after balancing.
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BalancedClass(
            int label,
            String name,

            @Schema(description = "Training images that it had")
            long before,

            @Schema(description = "Rows of it in the balanced set")
            long after,

            long synthetic,
            long dropped,

            @Schema(description = "SMOTE's k for this class")
            Integer neighbours,

            @Schema(description = "Weight in the trainer's loss")
            Double weight,

            @Schema(
                    description = "Images whose neighbours tie at or before rank k + 1, where the reference's order"
                            + " is arbitrary")
            long tiedRows,

            @Schema(description = "Images of which the class has another with the same pixels")
            long duplicates,

            @Schema(
                    description =
                            "Multiply-adds of the neighbour search, and how many are done; 0 where another run of the"
                                    + " manifest has found them")
            long products,

            long productsDone,

            @Schema(description = "Working time of the neighbour search so far")
            double searchSeconds,

            @Schema(description = "Jobs that share the search, and how many are done")
            int shares,

            int sharesDone) {
        static BalancedClass of(ClassRow row) {
            return new BalancedClass(
                    row.label(),
                    row.name(),
                    row.real(),
                    row.real() + row.synthetic() - row.dropped(),
                    row.synthetic(),
                    row.dropped(),
                    row.neighbours(),
                    row.weight(),
                    row.tiedRows(),
                    row.duplicates(),
                    row.products(),
                    row.productsDone(),
                    row.searchSeconds(),
                    row.shares(),
                    row.sharesDone());
        }
    }

    /// The plan of a run and its progress.
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Plan(
            String run,
            String dataset,
            String method,
            Object strategy,
            Object neighbours,
            String coverage,
            long seed,

            @Schema(enumeration = {"planned", "balanced"}) String state,

            @Schema(description = "When it was heard that all packs are complete")
            Instant sealedAt,

            Instant plannedAt,
            Instant balancedAt,
            long rows,

            @Schema(description = "Bytes of the recipes, the shards among them")
            long recipeBytes,

            @Schema(description = "Bytes of all rows as float32, as an export would write them")
            long arrayBytes,

            @Schema(description = "What the searches were expected to take when the plan was made, by one worker")
            double secondsPlanned,

            @Schema(description = "What they will still take")
            double secondsLeft,

            @Schema(description = "Multiply-adds in a second of the engine alone, when the plan was made")
            double productsPerSecond,

            List<BalancedClass> classes,
            int side,
            ManifestRef manifest,
            List<ArtifactRef> shards) {}

    @GET
    @Operation(operationId = "getBalance", summary = "Plan, progress, class counts before and after, ties, duplicates")
    public Plan plan(@Parameter(description = "The run's id: 32 hexadecimal digits") @PathParam("run") String run)
            throws IOException {
        Balance balance = balances.find(run)
                .orElseThrow(() -> Problem.of(BalanceProblem.RUN_UNKNOWN, "Run '%s' is not planned.".formatted(run)));
        BalanceSpec spec = balance.spec();
        return new Plan(
                run,
                balance.row().run().dataset(),
                spec.method().jsonName(),
                spec.strategy().json(),
                spec.neighbours().json(),
                spec.coverage().jsonName(),
                spec.seed(),
                balance.isBalanced() ? "balanced" : "planned",
                balance.row().sealedAt(),
                balance.row().plannedAt(),
                balance.row().balancedAt(),
                balance.rows(),
                balance.recipeBytes(),
                balance.arrayBytes(),
                balance.secondsPlanned(),
                balance.isBalanced() ? 0 : balances.secondsLeft(balance),
                balance.row().productsPerSecond(),
                balance.classes().stream().map(BalancedClass::of).toList(),
                balance.manifest().side(),
                balance.row().manifest(),
                balance.row().shards());
    }
}
