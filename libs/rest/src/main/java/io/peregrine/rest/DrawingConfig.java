package io.peregrine.rest;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// Limits of what is drawn or computed for requests.
@ConfigMapping(prefix = "peregrine.drawing")
public interface DrawingConfig {
    /// Maximum number of drawings at the same time. Further requests wait, then get 429.
    @WithDefault("2")
    int atOnce();

    /// Memory limit of all concurrent drawings. One request that needs more gets 422. Default: half of the heap.
    Optional<MemorySize> memory();

    /// Memory for finished drawings, so that repeated requests are served from a cache.
    @WithDefault("32M")
    MemorySize kept();

    /// How long a request waits for its turn before it gets 429.
    @WithDefault("1s")
    Duration patience();
}
