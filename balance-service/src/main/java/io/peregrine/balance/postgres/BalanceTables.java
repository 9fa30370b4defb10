package io.peregrine.balance.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.balance.smote.ClassSize;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ManifestRef;
import java.util.List;
import org.jdbi.v3.core.Handle;

/// Planned runs and their classes as rows (`V10__balance.sql`).
public final class BalanceTables {
    private BalanceTables() {}

    /// @param recipes what was drawn for the class, or null
    public record ClassRow(String name, long real, long synthetic, ArtifactRef recipes, long tiedRows) {}

    /// Keeps a plan; keeping it again changes nothing.
    public static void plan(Handle sql, String run, ManifestRef manifest, List<ClassSize> sizes) {
        sql.createUpdate(
                        "insert into balance_run (run, manifest) values (:run, :manifest) on conflict (run) do nothing")
                .bind("run", run)
                .bind("manifest", json(manifest))
                .execute();
        for (ClassSize size : sizes) {
            sql.createUpdate("""
                            insert into balance_class (run, label, name, real_pictures, synthetic_pictures)
                            values (:run, :label, :name, :real, :synthetic) on conflict (run, label) do nothing""")
                    .bind("run", run)
                    .bind("label", size.label())
                    .bind("name", size.name())
                    .bind("real", size.real())
                    .bind("synthetic", size.synthetic())
                    .execute();
        }
    }

    /// Notes a class's recipes. The run's row is locked until the transaction's end: of several classes
    /// that end together, each sees those that ended before it.
    public static void drawn(Handle sql, String run, int label, ArtifactRef recipes, long tiedRows) {
        sql.createQuery("select run from balance_run where run = :run for update")
                .bind("run", run)
                .mapTo(String.class)
                .one();
        sql.createUpdate("""
                        update balance_class set recipes = :recipes, tied_rows = :tied
                        where run = :run and label = :label""")
                .bind("run", run)
                .bind("label", label)
                .bind("recipes", json(recipes))
                .bind("tied", tiedRows)
                .execute();
    }

    /// @return whether every class that must grow has its recipes
    public static boolean isComplete(Handle sql, String run) {
        return sql.createQuery("""
                        select not exists (select 1 from balance_class
                            where run = :run and synthetic_pictures > 0 and recipes is null)""").bind("run", run).mapTo(Boolean.class).one();
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
                            row.getString("name"),
                            row.getLong("real_pictures"),
                            row.getLong("synthetic_pictures"),
                            recipes == null ? null : read(recipes, ArtifactRef.class),
                            row.getLong("tied_rows"));
                })
                .list();
    }

    private static String json(Object reference) {
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
