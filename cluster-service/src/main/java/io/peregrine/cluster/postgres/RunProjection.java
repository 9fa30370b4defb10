package io.peregrine.cluster.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.RunRef;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Projects events to rows. Events may arrive in any order: every statement leaves the same rows in each order.
/// Each event locks its run's row, so that two concurrent events see each other's facts.
public final class RunProjection {
    /// Matches an escaped U+0000, but not an escaped backslash followed by the text u0000.
    private static final Pattern ESCAPED_ZERO = Pattern.compile("(?<!\\\\)((?:\\\\\\\\)*)\\\\u0000");

    /// Tables with rows of a run, except the table of runs itself.
    private static final List<String> RUN_TABLES = List.of(
            "timeline",
            "progress",
            "queued",
            "class",
            "pack",
            "image",
            "checkpoint",
            "latent",
            "clustering",
            "cluster",
            "point");

    private RunProjection() {}

    /// Stores the facts of an event and adds it to the timeline.
    ///
    /// @param by the actor, or null
    public static void record(Handle sql, CloudEvent event, String by) {
        RunRef run = runOf(event);
        begin(sql, run, event.time());
        if (event.data() instanceof StageQueued queued) {
            // Not part of the timeline and not a sign of life: a run that only waits counts as silent.
            QueuedRuns.record(sql, queued, event.time());
            return;
        }
        sql.createUpdate("""
                        insert into timeline (run, source, id, type, time, text, actor)
                        values (:run, :source, :id, :type, :time, :text, :actor) on conflict do nothing""")
                .bind("run", run.id())
                .bind("source", event.source())
                .bind("id", event.id())
                .bind("type", event.type())
                .bind("time", event.time())
                .bind("text", text(TimelineText.of(event.data())))
                .bind("actor", by)
                .execute();
        fact(sql, run, event.data(), event.time());
    }

    /// @return the run of an event; a dataset-ready event starts one
    public static RunRef runOf(CloudEvent event) {
        return event.data() instanceof DatasetReady ready
                ? new RunRef(EventCodec.runId(event), ready.dataset(), null)
                : event.data().run();
    }

    /// Deletes the rows of a deleted run.
    public static void delete(Handle sql, String run) {
        for (String table : RUN_TABLES) {
            sql.createUpdate("delete from %s where run = :run".formatted(table))
                    .bind("run", run)
                    .execute();
        }
        sql.createUpdate("delete from run where id = :run").bind("run", run).execute();
    }

    private static void begin(Handle sql, RunRef run, Instant time) {
        sql.createUpdate("insert into run (id, dataset, created) values (:id, :dataset, :time) on conflict do nothing")
                .bind("id", run.id())
                .bind("dataset", run.dataset() == null ? "" : text(run.dataset()))
                .bind("time", time)
                .execute();
        RunState.lock(sql, run.id());
        if (run.spec() != null) {
            sql.createUpdate("update run set spec = cast(:spec as jsonb) where id = :id and spec is null")
                    .bind("id", run.id())
                    .bind("spec", json(run.spec()))
                    .execute();
        }
    }

    private static void fact(Handle sql, RunRef run, PipelineEvent event, Instant time) {
        switch (event) {
            case DatasetReady ready ->
                sql.createUpdate("update run set created = :time, dataset = :dataset,"
                                + " requested = cast(:body as jsonb) where id = :id")
                        .bind("id", run.id())
                        .bind("time", time)
                        .bind("dataset", text(ready.dataset()))
                        .bind("body", json(ready.body()))
                        .execute();
            case ImagesIngested images -> images(sql, images);
            case ImageRejected image -> refused(sql, image);
            case DatasetSealed sealed -> sealed(sql, sealed);
            case DatasetBalanced balanced -> balanced(sql, balanced);
            case CheckpointPublished checkpoint -> checkpoint(sql, checkpoint, time);
            case StageProgressed progressed -> progressed(sql, progressed, time);
            case RunCompleted completed -> RunState.end(sql, run.id(), "completed", time, null, null);
            case RunFailed failed -> RunState.end(sql, run.id(), "failed", time, failure(failed), null);
            case RunCancelled cancelled -> RunState.end(sql, run.id(), "cancelled", time, null, cancelled.reason());
            case RunDeleted deleted ->
                throw new IllegalArgumentException("a deleted run has no facts; delete its rows");
            case StageQueued queued -> throw new IllegalArgumentException("recorded before");
            // These appear only in the timeline; the API does not serve their artifacts by run.
            case RunAccepted accepted -> {}
            case ShardWritten shard -> {}
            // Its rows were written in the transaction that published it.
            case ClustersComputed computed -> {}
        }
    }

    private static void images(Handle sql, ImagesIngested event) {
        pack(sql, event.run().id(), event.pack(), event.pixels());
        PreparedBatch batch = sql.prepareBatch("""
                insert into image (run, image_id, row, label, split, source, sha256, pack, index)
                values (:run, :imageId, :row, :label, :split, :source, :sha256, :pack, :index)
                on conflict do nothing""");
        for (ImageRef image : event.images()) {
            batch.bind("run", event.run().id())
                    .bind("imageId", image.imageId())
                    .bind("row", image.row())
                    .bind("label", event.label())
                    .bind("split", event.split().jsonName())
                    .bind("source", image.source())
                    .bind("sha256", image.sha256())
                    .bind("pack", event.pack())
                    .bind("index", image.index())
                    .add();
        }
        batch.execute();
        ClassRows.countIfAllArrived(sql, event.run().id());
    }

    /// Stores the location of a pack's pixels.
    public static void pack(Handle sql, String run, int number, ArtifactRef pixels) {
        sql.createUpdate("insert into pack (run, number, pixels) values (:run, :number, cast(:pixels as jsonb))"
                        + " on conflict do nothing")
                .bind("run", run)
                .bind("number", number)
                .bind("pixels", json(pixels))
                .execute();
    }

    private static void refused(Handle sql, ImageRejected event) {
        sql.createUpdate("""
                        insert into image (run, image_id, row, label, split, source, sha256, reason, detail)
                        values (:run, :imageId, :row, :label, :split, :source, :sha256, :reason, :detail)
                        on conflict do nothing""")
                .bind("run", event.run().id())
                .bind("imageId", event.imageId())
                .bind("row", event.row())
                .bind("label", event.label())
                .bind("split", event.split().jsonName())
                .bind("source", event.source())
                .bind("sha256", event.sha256())
                .bind("reason", event.reason())
                .bind("detail", event.detail())
                .execute();
        ClassRows.countIfAllArrived(sql, event.run().id());
    }

    private static void sealed(Handle sql, DatasetSealed event) {
        manifest(sql, event.run(), event.manifest());
        sql.createUpdate("update run set classes = :classes, images = :images, refused = :refused,"
                        + " test_images = :testImages, duplicates_across_splits = :duplicates where id = :id")
                .bind("id", event.run().id())
                .bind("classes", event.classes())
                .bind("images", event.images())
                .bind("refused", event.refused())
                .bind("testImages", event.testImages())
                .bind("duplicates", event.duplicatesAcrossSplits())
                .execute();
        ClassRows.countIfAllArrived(sql, event.run().id());
    }

    private static void balanced(Handle sql, DatasetBalanced event) {
        manifest(sql, event.run(), event.manifest());
        sql.createUpdate("update run set balance = cast(:balance as jsonb) where id = :id")
                .bind("id", event.run().id())
                .bind("balance", json(event.balance()))
                .execute();
    }

    private static void manifest(Handle sql, RunRef run, ManifestRef manifest) {
        sql.createUpdate("update run set manifest = cast(:manifest as jsonb) where id = :id")
                .bind("id", run.id())
                .bind("manifest", json(manifest))
                .execute();
    }

    private static void checkpoint(Handle sql, CheckpointPublished event, Instant time) {
        sql.createUpdate("""
                        insert into checkpoint (run, network, epoch, epochs, best, last, weights, measures, test, time)
                        values (:run, :network, :epoch, :epochs, :best, :last, cast(:weights as jsonb),
                                cast(:measures as jsonb), cast(:test as jsonb), :time)
                        on conflict (run, network, epoch) do update set
                            best = checkpoint.best or excluded.best, last = checkpoint.last or excluded.last,
                            weights = case when excluded.last then excluded.weights else checkpoint.weights end,
                            measures = case when excluded.last then excluded.measures else checkpoint.measures end,
                            time = case when excluded.last then excluded.time else checkpoint.time end,
                            test = coalesce(checkpoint.test, excluded.test)""")
                .bind("run", event.run().id())
                .bind("network", event.network().jsonName())
                .bind("epoch", event.epoch())
                .bind("epochs", event.epochs())
                .bind("best", event.best())
                .bind("last", event.last())
                .bind("weights", json(event.weights()))
                .bind("measures", json(event.measures()))
                .bind("test", event.test() == null ? null : json(event.test()))
                .bind("time", time)
                .execute();
    }

    private static void progressed(Handle sql, StageProgressed event, Instant time) {
        sql.createUpdate("""
                        insert into progress (run, stage, task, done, total, unit, measures, time)
                        values (:run, :stage, :task, :done, :total, :unit, cast(:measures as jsonb), :time)
                        on conflict (run, stage, task) do update set done = excluded.done, total = excluded.total,
                            unit = excluded.unit, measures = excluded.measures, time = excluded.time
                        where progress.time <= excluded.time""")
                .bind("run", event.run().id())
                .bind("stage", event.stage().jsonName())
                .bind("task", event.task())
                .bind("done", event.done())
                .bind("total", event.total())
                .bind("unit", event.unit())
                .bind("measures", json(event.measures()))
                .bind("time", time)
                .execute();
    }

    private static JsonNode failure(RunFailed event) {
        var json = EventCodec.json().<com.fasterxml.jackson.databind.node.ObjectNode>valueToTree(event);
        json.remove("run");
        return json;
    }

    static <T> T read(String json, Class<T> type) {
        try {
            return json == null ? null : EventCodec.json().readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(
                    "the catalogue contains an invalid " + type.getSimpleName() + ": " + json, e);
        }
    }

    static Map<String, Double> measures(String json) {
        Map<String, Double> measures = new TreeMap<>();
        read(json, JsonNode.class)
                .properties()
                .forEach(entry -> measures.put(entry.getKey(), entry.getValue().doubleValue()));
        return measures;
    }

    /// PostgreSQL cannot store U+0000, neither in text nor in JSON, but users' texts may contain it.
    private static String text(String given) {
        return given.replace('\0', '\ufffd');
    }

    static String json(Object value) {
        try {
            String json = EventCodec.json().writeValueAsString(value);
            return json.contains("\\u0000") ? ESCAPED_ZERO.matcher(json).replaceAll("$1\\\\ufffd") : json;
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
