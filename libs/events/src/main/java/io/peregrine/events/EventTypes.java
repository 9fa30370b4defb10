package io.peregrine.events;

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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Maps event records to their types and topics.
final class EventTypes {
    private record TypeAndTopic(String type, String topic) {}

    private static final SequencedMap<Class<? extends PipelineEvent>, TypeAndTopic> WIRE = new LinkedHashMap<>();

    static {
        put(DatasetReady.class, "dataset.ready", Topics.DATASETS);
        put(RunAccepted.class, "run.accepted", Topics.RUNS);
        put(ImagesIngested.class, "images.ingested", Topics.IMAGES);
        put(ImageRejected.class, "image.rejected", Topics.IMAGES);
        put(DatasetSealed.class, "dataset.sealed", Topics.IMAGES);
        put(ShardWritten.class, "shard.written", Topics.SHARDS);
        put(DatasetBalanced.class, "dataset.balanced", Topics.SHARDS);
        put(CheckpointPublished.class, "checkpoint.published", Topics.CHECKPOINTS);
        put(StageProgressed.class, "stage.progressed", Topics.RUNS);
        put(StageQueued.class, "stage.queued", Topics.RUNS);
        put(ClustersComputed.class, "clusters.computed", Topics.RUNS);
        put(RunCompleted.class, "run.completed", Topics.RUNS);
        put(RunFailed.class, "run.failed", Topics.RUNS);
        put(RunCancelled.class, "run.cancelled", Topics.RUNS);
        put(RunDeleted.class, "run.deleted", Topics.RUNS);
    }

    private EventTypes() {}

    private static void put(Class<? extends PipelineEvent> event, String name, String topic) {
        WIRE.put(event, new TypeAndTopic("io.peregrine." + name + ".v1", topic));
    }

    static String typeOf(Class<? extends PipelineEvent> event) {
        return WIRE.get(event).type();
    }

    static String topicOf(Class<? extends PipelineEvent> event) {
        return WIRE.get(event).topic();
    }

    static Optional<Class<? extends PipelineEvent>> eventOf(String type) {
        for (Map.Entry<Class<? extends PipelineEvent>, TypeAndTopic> entry : WIRE.entrySet()) {
            if (entry.getValue().type().equals(type)) {
                return Optional.of(entry.getKey());
            }
        }
        return Optional.empty();
    }

    static Set<Class<? extends PipelineEvent>> all() {
        return WIRE.keySet();
    }
}
