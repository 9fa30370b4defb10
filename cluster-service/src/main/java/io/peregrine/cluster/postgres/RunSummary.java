package io.peregrine.cluster.postgres;

import java.time.Instant;
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
        Long pictures,

        Long refused) {}
