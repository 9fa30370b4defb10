package io.peregrine.work.quarkus;

import io.peregrine.events.Stage;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Set;

/// Settings that every service has.
@ConfigMapping(prefix = "peregrine.work")
public interface WorkConfig {
    /// The pipeline stage of all jobs of the service.
    Stage stage();

    /// Kinds of artifacts that only this service publishes. The service tracks which runs reference them, and
    /// prunes and checks them.
    Set<String> kinds();

    /// Number of jobs that one process runs at a time. A trainer uses 1: the engine's random number stream is
    /// shared by the process.
    @WithDefault("1")
    int threads();

    /// How long a claimed job may go without a heartbeat before another worker claims it; heartbeats come once a
    /// second. A shorter lease detects a dead worker sooner; a longer lease tolerates a longer pause. At most 10
    /// minutes.
    @WithDefault("10s")
    Duration lease();

    /// How much work of one run is a turn. Runs that have received equally many turns are served in the order of
    /// their arrival.
    @WithDefault("5s")
    Duration turn();

    /// How long liveness may be DOWN before the process halts, so that its supervisor restarts it. 0 leaves the
    /// restart to the supervisor.
    @WithDefault("60s")
    Duration unhealthyExit();
}
