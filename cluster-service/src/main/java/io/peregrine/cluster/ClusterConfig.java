package io.peregrine.cluster;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// What the cluster service is told.
@ConfigMapping(prefix = "peregrine.cluster")
public interface ClusterConfig {
    /// Threads of one analysis; 0: one for each processor. The result has the same bytes for any number.
    @WithDefault("0")
    int threads();

    /// Images that go through the encoder at once. More take more memory: at side 416 about 3 MB each.
    @WithDefault("32")
    int encodeBatch();

    /// How many items a page has when the caller does not say.
    @WithDefault("100")
    int defaultPageSize();

    /// The most items that a page may have.
    @WithDefault("1000")
    int maxPageSize();

    /// Where the ingest service answers callers: it alone sees the original files.
    @WithDefault("${peregrine.ingest.url:http://localhost:8081}")
    URI ingestUrl();

    /// How long after its end a run stays before it is deleted, as by `DELETE /api/v1/runs/{run}`. Off by
    /// default: runs stay until somebody deletes them.
    Optional<Duration> runRetention();

    /// How long the timeline of a run that has ended keeps its reports of progress; all other entries stay.
    @WithDefault("7d")
    Duration progressRetention();
}
