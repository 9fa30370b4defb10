package io.peregrine.balance.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.balance.BalanceQueries;
import io.peregrine.balance.BalanceQueries.Balance;
import io.peregrine.balance.postgres.BalanceTables.ClassRow;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.rest.problem.Problem;
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

            @Schema(description = "Training images of the class before balancing")
            long before,

            @Schema(description = "Rows of the class in the balanced set")
            long after,

            long synthetic,
            long dropped,

            @Schema(description = "SMOTE's k for this class")
            Integer neighbours,

            @Schema(description = "Weight of the class in the trainer's loss")
            Double weight,

            @Schema(
                    description = "Images with tied neighbours at or before rank k + 1; the reference implementation"
                            + " orders ties arbitrarily")
            long tiedRows,

            @Schema(description = "Images with the same pixels as another image of the class")
            long duplicates,

            @Schema(
                    description = "Multiply-adds of the neighbour search; productsDone of them are done. 0 if another"
                            + " run of the same manifest has found the neighbours")
            long products,

            long productsDone,

            @Schema(description = "Working time of the neighbour search so far, in seconds")
            double searchSeconds,

            @Schema(description = "Jobs that share the neighbour search; sharesDone of them are done")
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
            String baseSampling,
            long seed,

            @Schema(enumeration = {"planned", "balanced"}) String state,

            @Schema(description = "When dataset.sealed was received: all packs are complete")
            Instant sealedAt,

            Instant plannedAt,
            Instant balancedAt,
            long rows,

            @Schema(description = "Size of the recipes in bytes, including the shards")
            long recipeBytes,

            @Schema(description = "Size of all rows in bytes as float32, as an export writes them")
            long arrayBytes,

            @Schema(
                    description = "Duration of the neighbour searches with one worker, in seconds, as estimated at"
                            + " planning time")
            double secondsPlanned,

            @Schema(description = "Estimated remaining time of the neighbour searches, in seconds")
            double secondsLeft,

            @Schema(description = "Multiply-adds per second of the compute engine alone, measured at planning time")
            double productsPerSecond,

            List<BalancedClass> classes,
            int side,
            ManifestRef manifest,
            List<ArtifactRef> shards) {}

    @GET
    @Operation(
            operationId = "getBalance",
            summary = "Get the plan, progress, class counts before and after, ties and duplicates")
    public Plan plan(@Parameter(ref = "run") @PathParam("run") String run) throws IOException {
        Balance balance = balances.find(run)
                .orElseThrow(() -> Problem.of(BalanceProblem.RUN_UNKNOWN, "Run '%s' is not planned.".formatted(run)));
        BalanceSpec spec = balance.spec();
        return new Plan(
                run,
                balance.row().run().dataset(),
                spec.method().jsonName(),
                spec.strategy().json(),
                spec.neighbours().json(),
                spec.baseSampling().jsonName(),
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
