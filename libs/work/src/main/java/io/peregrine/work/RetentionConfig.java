package io.peregrine.work;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// How long every service keeps the rows that only its own bookkeeping needs.
///
/// What a run has produced is not bookkeeping: it stays until the run is deleted.
@ConfigMapping(prefix = "peregrine.work")
public interface RetentionConfig {
    /// How long Kafka keeps a record after its segment was closed. A segment is open for as long at most, so a
    /// record can be delivered again until it is twice as old.
    @WithDefault("7d")
    Duration topicRetention();

    /// How long the inbox remembers that an event was received. At least twice [#topicRetention]: an event that
    /// the inbox has forgotten must be gone from its topic.
    @WithDefault("21d")
    Duration remember();

    /// How long the row of a deleted run stays that stops it from beginning anew. At least twice
    /// [#topicRetention].
    @WithDefault("21d")
    Duration endedRunRetention();

    /// How long jobs of a run that has ended are kept, with what they left for each other.
    @WithDefault("7d")
    Duration jobRetention();

    /// How long events that were sent are kept after their run has ended.
    @WithDefault("7d")
    Duration outboxRetention();

    /// How long a record is kept that could not be understood.
    @WithDefault("30d")
    Duration quarantineRetention();

    /// The most records in quarantine; the oldest go first.
    @WithDefault("100000")
    int quarantineRecords();

    /// The most bytes in quarantine; the oldest records go first.
    @WithDefault("256M")
    MemorySize quarantineBytes();

    /// How long it is kept who published, cancelled, deleted, pruned, replayed and purged.
    @WithDefault("90d")
    Duration auditRetention();

    /// How often the service deletes artifacts that no run needs any more, without being asked. Off by default:
    /// then `POST /api/v1/artefacts/prune` does.
    Optional<Duration> pruneEvery();
}
