package io.peregrine.cluster.postgres;

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
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Describes an event in a few words for the timeline.
final class TimelineText {
    private TimelineText() {}

    static String of(PipelineEvent event) {
        return switch (event) {
            case DatasetReady ready -> "dataset %s is ready".formatted(ready.dataset());
            case RunAccepted accepted -> "accepted: %s".formatted(accepted.uri());
            case ImagesIngested images ->
                "%d images of %s (%s) decoded into pack %d"
                        .formatted(
                                images.images().size(),
                                images.label(),
                                images.split().jsonName(),
                                images.pack());
            case ImageRejected image ->
                "%s/%s refused: %s, %s".formatted(image.label(), image.source(), image.reason(), image.detail());
            case DatasetSealed sealed ->
                "sealed: %d images in %d classes, %d refused"
                        .formatted(sealed.images(), sealed.classes(), sealed.refused());
            case ShardWritten shard ->
                "shard %d of %d: %d recipes".formatted(shard.index() + 1, shard.of(), shard.rows());
            case DatasetBalanced balanced ->
                "balanced: %d rows in %d shards, %d of them synthetic"
                        .formatted(balanced.rows(), balanced.shards().size(), balanced.synthetic());
            case CheckpointPublished checkpoint -> checkpoint(checkpoint);
            case StageProgressed progressed ->
                "%s, %s: %d%s%s"
                        .formatted(
                                progressed.stage().jsonName(),
                                progressed.task(),
                                progressed.done(),
                                progressed.total() > 0 ? " of " + progressed.total() : "",
                                progressed.unit() == null ? "" : " " + progressed.unit());
            case StageQueued queued ->
                queued.resource() != null
                        ? "%s waits for %.0f s: %s"
                                .formatted(queued.stage().jsonName(), queued.seconds(), queued.resource())
                        : "waits for %s for %.0f s, position %d"
                                .formatted(queued.stage().jsonName(), queued.seconds(), queued.position());
            case ClustersComputed computed ->
                "%d clusters after %d iterations%s"
                        .formatted(computed.k(), computed.iterations(), some(computed.measures(), "nmi.all"));
            case RunCompleted completed -> "completed";
            case RunFailed failed ->
                "failed in %s: %s, %s".formatted(failed.stage().jsonName(), failed.reason(), failed.detail());
            case RunCancelled cancelled -> "cancelled: %s".formatted(cancelled.reason());
            case RunDeleted deleted -> "deleted";
        };
    }

    private static String checkpoint(CheckpointPublished event) {
        String measures = new TreeMap<>(event.measures())
                .entrySet().stream()
                        .map(m -> String.format(Locale.ROOT, "%s %.4g", m.getKey(), m.getValue()))
                        .collect(Collectors.joining(", "));
        return "%s epoch %d of %d: %s%s"
                .formatted(
                        event.network().jsonName(),
                        event.epoch(),
                        event.epochs(),
                        measures,
                        event.last() ? "; final" : event.best() ? "; best so far" : "");
    }

    private static String some(Map<String, Double> measures, String name) {
        Double value = measures.get(name);
        return value == null ? "" : String.format(Locale.ROOT, ", %s %.3f", name, value);
    }
}
