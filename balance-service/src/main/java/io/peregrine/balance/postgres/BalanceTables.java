package io.peregrine.balance.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.balance.smote.ClassSize;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.JobQueries;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Tables of planned runs and their classes (`V10__balance.sql`).
public final class BalanceTables {
    private BalanceTables() {}

    /// @param recipes drawn recipes of the class, or null
    /// @param neighbours SMOTE's k for the class; null if none are searched
    /// @param weight in the trainer's loss; null means 1
    public record ClassRow(
            int label,
            String name,
            long real,
            long synthetic,
            long dropped,
            ArtifactRef recipes,
            long tiedRows,
            long duplicates,
            Integer neighbours,
            Double weight,
            int shares,
            int sharesDone,
            long products,
            long productsDone,
            double searchSeconds) {}

    /// Stores a plan. Idempotent.
    public static void plan(
            Handle sql, RunRef run, ManifestRef manifest, List<PlannedClass> classes, double productsPerSecond) {
        sql.createUpdate("""
                        insert into balance_run (run, run_ref, manifest, products_per_second, sealed_at)
                        values (:run, :runRef, :manifest, :perSecond, :sealedAt)
                        on conflict (run) do nothing""")
                .bind("run", run.id())
                .bind("runRef", json(run))
                .bind("manifest", json(manifest))
                .bind("perSecond", productsPerSecond)
                .bind("sealedAt", JobQueries.addedAt(sql, run.id(), "plan").orElse(null))
                .execute();
        PreparedBatch batch = sql.prepareBatch("""
                insert into balance_class (run, label, name, real_images, synthetic_images, dropped_images,
                    neighbours, weight, shares, products)
                values (:run, :label, :name, :real, :synthetic, :dropped, :neighbours, :weight, :shares, :products)
                on conflict (run, label) do nothing""");
        for (PlannedClass planned : classes) {
            ClassSize size = planned.size();
            batch.bind("run", run.id())
                    .bind("label", size.label())
                    .bind("name", size.name())
                    .bind("real", size.real())
                    .bind("synthetic", size.synthetic())
                    .bind("dropped", size.dropped())
                    .bind("neighbours", planned.neighbours())
                    .bind("weight", planned.weight())
                    .bind("shares", planned.shares())
                    .bind("products", planned.products())
                    .add();
        }
        batch.execute();
    }

    /// Records the recipes of a class. The run's row is locked until the end of the transaction, so that of
    /// several classes that end concurrently each sees those before it.
    public static void drawn(Handle sql, String run, int label, ArtifactRef recipes, long tiedRows, long duplicates) {
        sql.createQuery("select run from balance_run where run = :run for update")
                .bind("run", run)
                .mapTo(String.class)
                .one();
        sql.createUpdate("""
                        update balance_class set recipes = :recipes, tied_rows = :tied, duplicates = :duplicates
                        where run = :run and label = :label""")
                .bind("run", run)
                .bind("label", label)
                .bind("recipes", json(recipes))
                .bind("tied", tiedRows)
                .bind("duplicates", duplicates)
                .execute();
    }

    /// Records the shards of a run, which is balanced from then on.
    public static void balanced(Handle sql, String run, List<ArtifactRef> shards) {
        sql.createUpdate("update balance_run set shards = :shards, balanced_at = now() where run = :run")
                .bind("run", run)
                .bind("shards", json(shards))
                .execute();
    }

    /// @return whether every class that must grow has its recipes
    public static boolean isComplete(Handle sql, String run) {
        return sql.createQuery("""
                        select not exists (select 1 from balance_class
                            where run = :run and shares > 0 and recipes is null)""").bind("run", run).mapTo(Boolean.class).one();
    }

    public static ManifestRef manifest(Handle sql, String run) {
        String manifest = sql.createQuery("select manifest from balance_run where run = :run")
                .bind("run", run)
                .mapTo(String.class)
                .one();
        return read(manifest, ManifestRef.class);
    }

    /// @return all classes in label order
    public static List<ClassRow> classes(Handle sql, String run) {
        return sql.createQuery("select * from balance_class where run = :run order by label")
                .bind("run", run)
                .map((row, context) -> {
                    String recipes = row.getString("recipes");
                    return new ClassRow(
                            row.getInt("label"),
                            row.getString("name"),
                            row.getLong("real_images"),
                            row.getLong("synthetic_images"),
                            row.getLong("dropped_images"),
                            recipes == null ? null : read(recipes, ArtifactRef.class),
                            row.getLong("tied_rows"),
                            row.getLong("duplicates"),
                            row.getObject("neighbours", Integer.class),
                            row.getObject("weight", Double.class),
                            row.getInt("shares"),
                            row.getInt("shares_done"),
                            row.getLong("products"),
                            row.getLong("products_done"),
                            row.getDouble("search_seconds"));
                })
                .list();
    }

    /// A planned run.
    ///
    /// @param run reference as in events; null for a run that was planned by a version that did not store it
    /// @param shards in order; empty until they are written
    /// @param sealedAt when `dataset.sealed` was received
    /// @param plannedAt when the plan was stored
    /// @param balancedAt when the shards were recorded; null before
    public record RunRow(
            RunRef run,
            ManifestRef manifest,
            List<ArtifactRef> shards,
            double productsPerSecond,
            Instant sealedAt,
            Instant plannedAt,
            Instant balancedAt) {}

    public static Optional<RunRow> run(Handle sql, String run) {
        return sql.createQuery("select * from balance_run where run = :run")
                .bind("run", run)
                .map((row, context) -> {
                    String ref = row.getString("run_ref");
                    String shards = row.getString("shards");
                    Timestamp sealed = row.getTimestamp("sealed_at");
                    Timestamp planned = row.getTimestamp("planned_at");
                    Timestamp balanced = row.getTimestamp("balanced_at");
                    return new RunRow(
                            ref == null ? null : read(ref, RunRef.class),
                            read(row.getString("manifest"), ManifestRef.class),
                            shards == null ? List.of() : List.of(read(shards, ArtifactRef[].class)),
                            row.getDouble("products_per_second"),
                            (sealed == null ? planned : sealed).toInstant(),
                            planned.toInstant(),
                            balanced == null ? null : balanced.toInstant());
                })
                .findOne();
    }

    /// Deletes a run, and cached neighbours of manifests that no other run uses.
    public static void deleteRun(Handle sql, String run) {
        sql.createUpdate("delete from balance_run where run = :run")
                .bind("run", run)
                .execute();
        NeighbourCache.deleteUnused(sql);
    }

    static String json(Object reference) {
        try {
            return EventCodec.json().writeValueAsString(reference);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + reference, e);
        }
    }

    private static <T> T read(String json, Class<T> type) {
        try {
            return EventCodec.json().readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot read %s as %s".formatted(json, type.getSimpleName()), e);
        }
    }
}
