package io.peregrine.balance.postgres;

import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.events.PipelineEvent.ManifestRef;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/// Neighbours that earlier runs found, reused by all runs of the same manifest (`V20261126_90__neighbours.sql`).
public final class NeighbourCache {
    private NeighbourCache() {}

    /// Key of cached neighbours within a manifest.
    ///
    /// @param k neighbours of each image
    public record Key(int label, int k) {}

    /// Stores the neighbours of a class of a planned run. Idempotent.
    public static void save(Handle sql, String run, int label, Neighbours found) {
        ByteBuffer nearest = ByteBuffer.allocate(Math.multiplyExact(found.nearest().length, Integer.BYTES));
        nearest.asIntBuffer().put(found.nearest());
        sql.createUpdate("""
                        insert into balance_neighbours (manifest, label, k, nearest, tied_rows, duplicates)
                        select manifest, :label, :k, :nearest, :tied, :duplicates from balance_run where run = :run
                        on conflict (manifest, label, k) do nothing""")
                .bind("run", run)
                .bind("label", label)
                .bind("k", found.k())
                .bind("nearest", nearest.array())
                .bind("tied", found.tiedRows())
                .bind("duplicates", found.duplicates())
                .execute();
    }

    /// @return keys of the cached neighbours of a manifest
    public static Set<Key> of(Handle sql, ManifestRef manifest) {
        return new HashSet<>(sql.createQuery("select label, k from balance_neighbours where manifest = :manifest")
                .bind("manifest", BalanceTables.json(manifest))
                .map((row, context) -> new Key(row.getInt("label"), row.getInt("k")))
                .list());
    }

    /// @return the cached neighbours of a class of a planned run
    public static Optional<Neighbours> find(Handle sql, String run, int label, int k) {
        return sql.createQuery("""
                        select nearest, tied_rows, duplicates from balance_neighbours
                        where manifest = (select manifest from balance_run where run = :run)
                            and label = :label and k = :k""")
                .bind("run", run)
                .bind("label", label)
                .bind("k", k)
                .map((row, context) -> new Neighbours(
                        k, places(row.getBytes("nearest")), row.getLong("tied_rows"), row.getLong("duplicates")))
                .findOne();
    }

    private static int[] places(byte[] nearest) {
        int[] places = new int[nearest.length / Integer.BYTES];
        ByteBuffer.wrap(nearest).asIntBuffer().get(places);
        return places;
    }

    /// Deletes the neighbours of manifests that no run uses.
    static void deleteUnused(Handle sql) {
        sql.execute("""
                delete from balance_neighbours known
                where not exists (select from balance_run where balance_run.manifest = known.manifest)""");
    }
}
