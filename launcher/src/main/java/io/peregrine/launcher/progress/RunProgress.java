package io.peregrine.launcher.progress;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// State of a run, built from its events. Order and duplicates of events do not matter.
public final class RunProgress {
    private final String run;
    private final Set<String> seen = new HashSet<>();
    private final Map<Stage, Instant> ended = new EnumMap<>(Stage.class);
    private final Map<Stage, StageProgressed> latest = new EnumMap<>(Stage.class);
    private final Map<Stage, StageQueued> queued = new EnumMap<>(Stage.class);
    private final Map<Network, CheckpointPublished> newest = new EnumMap<>(Network.class);
    private final Map<Network, CheckpointPublished> last = new EnumMap<>(Network.class);
    private final List<ImageRejected> refused = new ArrayList<>();
    private Instant startedAt;
    private long images;
    private DatasetSealed sealed;
    private DatasetBalanced balanced;
    private ClustersComputed clusters;
    private PipelineEvent end;

    public RunProgress(String run) {
        this.run = run;
    }

    /// Processes one event.
    ///
    /// @return whether the event was new and belongs to this run
    public boolean receive(CloudEvent event) {
        if (!run.equals(event.correlationId()) || !seen.add(event.source() + ' ' + event.id())) {
            return false;
        }
        switch (event.data()) {
            case DatasetReady ready -> startedAt = event.time();
            case RunAccepted accepted -> startedAt = startedAt == null ? event.time() : startedAt;
            case ImagesIngested ingested -> images += ingested.images().size();
            case ImageRejected image -> refused.add(image);
            case DatasetSealed all -> {
                sealed = all;
                ended.put(Stage.INGEST, event.time());
            }
            case ShardWritten shard -> {
                // dataset.balanced has the totals.
            }
            case DatasetBalanced all -> {
                balanced = all;
                ended.put(Stage.BALANCE, event.time());
            }
            case CheckpointPublished checkpoint -> {
                newest.merge(checkpoint.network(), checkpoint, (a, b) -> a.epoch() > b.epoch() ? a : b);
                if (checkpoint.last()) {
                    last.put(checkpoint.network(), checkpoint);
                    ended.merge(Stage.TRAIN, event.time(), (a, b) -> a.isAfter(b) ? a : b);
                }
            }
            case StageProgressed progress -> {
                latest.put(progress.stage(), progress);
                queued.remove(progress.stage());
            }
            case StageQueued waits -> queued.put(waits.stage(), waits);
            case ClustersComputed computed -> {
                clusters = computed;
                ended.put(Stage.CLUSTER, event.time());
            }
            case RunCompleted completed -> end = end == null ? completed : end;
            case RunFailed failed -> end = end == null ? failed : end;
            case RunCancelled cancelled -> end = end == null ? cancelled : end;
            case RunDeleted deleted -> end = end == null ? deleted : end;
        }
        return true;
    }

    public String run() {
        return run;
    }

    /// @return number of events processed
    public int events() {
        return seen.size();
    }

    /// @return images decoded so far
    public long images() {
        return sealed == null ? images : sealed.images();
    }

    public List<ImageRejected> refused() {
        return refused;
    }

    public Optional<DatasetSealed> sealed() {
        return Optional.ofNullable(sealed);
    }

    public Optional<DatasetBalanced> balanced() {
        return Optional.ofNullable(balanced);
    }

    public Optional<ClustersComputed> clusters() {
        return Optional.ofNullable(clusters);
    }

    /// @return the newest checkpoint of a network
    public Optional<CheckpointPublished> newest(Network network) {
        return Optional.ofNullable(newest.get(network));
    }

    /// @return the final checkpoint of a network, with its measures
    public Optional<CheckpointPublished> last(Network network) {
        return Optional.ofNullable(last.get(network));
    }

    /// @return the newest progress report of a stage
    public Optional<StageProgressed> latest(Stage stage) {
        return Optional.ofNullable(latest.get(stage));
    }

    /// @return what the run waits for in a stage, by the stage's latest event; empty after the stage has made
    ///     progress
    public Optional<StageQueued> queued(Stage stage) {
        return Optional.ofNullable(hasEnded(stage) ? null : queued.get(stage));
    }

    /// @return the event that ended the run
    public Optional<PipelineEvent> end() {
        return Optional.ofNullable(end);
    }

    /// @return whether a stage has ended
    public boolean hasEnded(Stage stage) {
        return stage == Stage.TRAIN ? last.size() == Network.values().length : ended.containsKey(stage);
    }

    /// @return the stage that is in progress
    public Stage current() {
        for (Stage stage : Stage.values()) {
            if (!hasEnded(stage)) {
                return stage;
            }
        }
        return Stage.CLUSTER;
    }

    /// @param now end of the measured time for a stage that has not ended
    /// @return how long a stage took, or has been in progress; empty before it starts
    public Optional<Duration> took(Stage stage, Instant now) {
        Instant from = stage == Stage.INGEST ? startedAt : ended.get(Stage.values()[stage.ordinal() - 1]);
        if (from == null || (!hasEnded(stage) && stage != current())) {
            return Optional.empty();
        }
        Duration took = Duration.between(from, hasEnded(stage) ? ended.get(stage) : now);
        return Optional.of(took.isNegative() ? Duration.ZERO : took);
    }
}
