package io.peregrine.work;

import io.peregrine.events.Stage;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Set;

/// What every service is told.
@ConfigMapping(prefix = "peregrine.work")
public interface WorkConfig {
    /// The stage that all of the service's jobs are of.
    Stage stage();

    /// Kinds of artifacts that this service publishes, and no other does. It knows which runs
    /// need them, and prunes and checks them.
    Set<String> kinds();

    /// Jobs that one process does at a time. A trainer takes 1: the engine's random stream is the process's.
    @WithDefault("1")
    int threads();

    /// How long a claimed job may go without a heartbeat before another worker takes it; there is one a second.
    /// Shorter finds a dead worker sooner; longer forgives a longer pause. At most 10 minutes.
    @WithDefault("10s")
    Duration lease();

    /// How much work of one run is a turn: runs that have had equally many are served in the order in which they
    /// came.
    @WithDefault("5s")
    Duration turn();

    /// How long liveness may be DOWN before the process halts, to be started again by whoever supervises it. 0
    /// leaves that to the supervisor.
    @WithDefault("60s")
    Duration unhealthyExit();
}
