package io.peregrine.rest;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// Bounds of what is drawn or computed for one request.
@ConfigMapping(prefix = "peregrine.drawing")
public interface DrawingConfig {
    /// Requests that are drawn at the same time. The others wait, then get 429.
    @WithDefault("2")
    int atOnce();

    /// Memory of all that is drawn at the same time. One request that needs more gets 422. Left out: half of the
    /// heap.
    Optional<MemorySize> memory();

    /// Memory for finished drawings, so that the next request for the same one is a look-up.
    @WithDefault("32M")
    MemorySize kept();

    /// How long a request waits for its turn before it gets 429.
    @WithDefault("1s")
    Duration patience();
}
