package io.peregrine.cluster.postgres;

import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/// A run in a list.
public record RunSummary(
        @Schema(description = "32 hexadecimal digits") String run,
        String dataset,

        @Schema(enumeration = {"running", "completed", "failed", "cancelled"})
        String state,

        Instant created,
        Instant ended,

        @Schema(description = "Number of accepted images, once the dataset is sealed")
        Long images,

        Long refused,

        @Schema(description = "What a running run waits for, if it waits for a worker or a resource")
        Waiting waiting) {
    /// A run waits while a stage's workers are busy with other runs, or while a resource is unavailable or full.
    public record Waiting(
            @Schema(enumeration = {"ingest", "balance", "train", "cluster"})
            String stage,

            @Schema(description = "Position in the queue: 1 means next, 0 means that the run waits for a resource")
            int position,

            @Schema(
                    description = "Runs that the stage is processing, then runs that come before this one; at most ten"
                            + " in total")
            List<String> behind,

            @Schema(
                    description = "Code and message, such as `STORE_FULL: The disk of …`; omitted if the run waits for"
                            + " a worker")
            String resource,

            Instant since,

            @Schema(description = "When the stage last reported it")
            Instant reportedAt) {}
}
