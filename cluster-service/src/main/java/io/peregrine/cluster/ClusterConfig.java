package io.peregrine.cluster;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// Settings of cluster-service.
@ConfigMapping(prefix = "peregrine.cluster")
public interface ClusterConfig {
    /// Threads of one analysis; 0: one per processor. The result has the same bytes for any number.
    @WithDefault("0")
    int threads();

    /// Images that are encoded at once. More images take more memory: at side 416 about 3 MB each.
    @WithDefault("32")
    int encodeBatch();

    /// Items of a page if the request has no limit.
    @WithDefault("100")
    int defaultPageSize();

    /// Maximum number of items of a page.
    @WithDefault("1000")
    int maxPageSize();

    /// URL of the ingest service, the only service that can read the original files.
    @WithDefault("${peregrine.ingest.url:http://localhost:8081}")
    URI ingestUrl();

    /// How long an ended run is kept before it is deleted, as by `DELETE /api/v1/runs/{run}`. Off by default:
    /// runs are kept until a user deletes them.
    Optional<Duration> runRetention();

    /// How long the timeline of an ended run keeps its progress events; all other entries are kept.
    @WithDefault("7d")
    Duration progressRetention();
}
