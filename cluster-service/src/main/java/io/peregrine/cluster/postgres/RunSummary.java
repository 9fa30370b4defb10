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

        @Schema(description = "Accepted ones, once the dataset is sealed")
        Long images,

        Long refused,

        @Schema(description = "What a running run waits for, where it waits for a worker or a resource")
        Waiting waiting) {
    /// A run waits while a stage's workers are busy with other runs, or while a resource is unavailable or full.
    public record Waiting(
            @Schema(enumeration = {"ingest", "balance", "train", "cluster"})
            String stage,

            @Schema(description = "1: it is the next; 0: it waits for a resource")
            int position,

            @Schema(description = "Runs that are at work in the stage, then those that come first; at most ten of both")
            List<String> behind,

            @Schema(
                    description =
                            "A code and a sentence, such as `STORE_FULL: The disk of …`; absent where it waits for a"
                                    + " worker")
            String resource,

            Instant since,
            @Schema(description = "When the stage told so") Instant told) {}
}
