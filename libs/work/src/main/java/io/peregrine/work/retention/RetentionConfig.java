package io.peregrine.work.retention;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// How long every service keeps its bookkeeping rows.
///
/// The results of a run are not bookkeeping: they are kept until the run is deleted.
@ConfigMapping(prefix = "peregrine.work")
public interface RetentionConfig {
    /// How long Kafka keeps a record after its segment was closed. A segment is open for at most the same time,
    /// so a record can be delivered again until it is twice as old.
    @WithDefault("7d")
    Duration topicRetention();

    /// How long the inbox keeps the row of a received event. At least twice [#topicRetention]: when the row is
    /// removed, the event must be gone from its topic.
    @WithDefault("21d")
    Duration inboxRetention();

    /// How long the row of a deleted run is kept; it prevents the run from starting again. At least twice
    /// [#topicRetention].
    @WithDefault("21d")
    Duration endedRunRetention();

    /// How long the jobs of an ended run are kept, with the data that they passed to each other.
    @WithDefault("7d")
    Duration jobRetention();

    /// How long sent events are kept after their run has ended.
    @WithDefault("7d")
    Duration outboxRetention();

    /// How long a quarantined record is kept.
    @WithDefault("30d")
    Duration quarantineRetention();

    /// Maximum number of quarantined records; the oldest are removed first.
    @WithDefault("100000")
    int quarantineRecords();

    /// Maximum bytes of quarantined records; the oldest are removed first.
    @WithDefault("256M")
    MemorySize quarantineBytes();

    /// How long the audit log keeps who published, cancelled, deleted, pruned, replayed and purged.
    @WithDefault("90d")
    Duration auditRetention();

    /// How often the service prunes unreferenced artifacts by itself. Off by default: then only `POST
    /// /api/v1/artifacts/prune` does so.
    Optional<Duration> pruneEvery();
}
