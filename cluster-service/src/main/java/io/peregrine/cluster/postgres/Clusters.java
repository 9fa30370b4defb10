package io.peregrine.cluster.postgres;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.cluster.analysis.Analysis;
import io.peregrine.cluster.analysis.Points;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.result.ResultIterator;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Latents, clusters and points of a run: the rows that this service's own jobs write.
public final class Clusters {
    /// Rows per round trip.
    private static final int BATCH = 1_000;

    private Clusters() {}

    /// Plans the encoding of every pack.
    public static void plan(Handle sql, String run, List<ArtifactRef> packs) {
        RunState.lock(sql, run);
        PreparedBatch batch = sql.prepareBatch("insert into pack (run, number, pixels)"
                + " values (:run, :number, cast(:pixels as jsonb)) on conflict do nothing");
        for (int number = 0; number < packs.size(); number++) {
            batch.bind("run", run)
                    .bind("number", number)
                    .bind("pixels", RunProjection.json(packs.get(number)))
                    .add();
        }
        batch.execute();
        sql.createUpdate("update pack set encoded = false where run = :run and encoded is null")
                .bind("run", run)
                .execute();
    }

    /// Stores the latents of consecutive packs.
    ///
    /// @param first number of the first pack
    /// @param rows rows of each pack's images
    /// @param latents latents of each pack, one point per row
    /// @return number of encoded packs of the run, and of all its packs
    public static Encoded encoded(Handle sql, String run, int first, int[][] rows, List<Points> latents) {
        RunState.lock(sql, run);
        PreparedBatch batch = sql.prepareBatch(
                "insert into latent (run, row, latent) values (:run, :row, :latent) on conflict do nothing");
        for (int pack = 0; pack < rows.length; pack++) {
            for (int i = 0; i < rows[pack].length; i++) {
                float[] latent = latents.get(pack).rows(i).values();
                batch.bind("run", run)
                        .bind("row", rows[pack][i])
                        .bind("latent", (Argument)
                                (position, statement, context) -> statement.setObject(position, latent))
                        .add();
            }
        }
        if (batch.size() > 0) {
            batch.execute();
        }
        sql.createUpdate("update pack set encoded = true where run = :run and number >= :first and number < :end")
                .bind("run", run)
                .bind("first", first)
                .bind("end", first + rows.length)
                .execute();
        return sql.createQuery("select count(*) filter (where encoded) as done, count(*) as total"
                        + " from pack where run = :run")
                .bind("run", run)
                .map((rs, context) -> new Encoded(rs.getLong("done"), rs.getLong("total")))
                .one();
    }

    /// @param done packs that are encoded
    /// @param total packs of the run
    public record Encoded(long done, long total) {}

    /// A run's latents in row order.
    ///
    /// @param rows manifest rows, ascending
    public record Latents(int[] rows, Points points) {}

    /// @return all latents of the run
    public static Latents latents(Handle sql, String run) {
        int n = sql.createQuery("select count(*) from latent where run = :run")
                .bind("run", run)
                .mapTo(Integer.class)
                .one();
        if (n == 0) {
            return new Latents(new int[0], new Points(0, 1, new float[0]));
        }
        int[] rows = new int[n];
        float[] values = null;
        int at = 0;
        try (ResultIterator<Latent> latents = sql.createQuery(
                        "select row, latent from latent where run = :run order by row")
                .bind("run", run)
                .setFetchSize(BATCH)
                .map((row, context) -> new Latent(
                        row.getInt("row"), (Object[]) row.getArray("latent").getArray()))
                .iterator()) {
            while (latents.hasNext()) {
                Latent latent = latents.next();
                int d = latent.values().length;
                if (values == null) {
                    values = new float[Math.multiplyExact(n, d)];
                }
                for (int j = 0; j < d; j++) {
                    values[at * d + j] = (Float) latent.values()[j];
                }
                rows[at++] = latent.row();
            }
        }
        return new Latents(rows, new Points(n, values.length / n, values));
    }

    private record Latent(int row, Object[] values) {}

    /// Stores the result of an analysis.
    public static void keep(
            Handle sql,
            String run,
            int[] rows,
            List<String> classes,
            Analysis analysis,
            ArtifactRef clusters,
            ArtifactRef latents) {
        sql.createUpdate("""
                        insert into clustering (run, clusters, latents, k, iterations, inertia, measures)
                        values (:run, cast(:clusters as jsonb), cast(:latents as jsonb), :k, :iterations, :inertia,
                                cast(:measures as jsonb))""")
                .bind("run", run)
                .bind("clusters", RunProjection.json(clusters))
                .bind("latents", RunProjection.json(latents))
                .bind("k", analysis.clusters().size())
                .bind("iterations", analysis.clustering().iterations())
                .bind("inertia", analysis.clustering().inertia())
                .bind("measures", RunProjection.json(analysis.measures()))
                .execute();
        PreparedBatch batch = sql.prepareBatch("""
                insert into cluster (run, index, name, size, purity, classes)
                values (:run, :index, :name, :size, :purity, cast(:classes as jsonb))""");
        for (Analysis.Cluster cluster : analysis.clusters()) {
            ObjectNode counts = EventCodec.json().createObjectNode();
            cluster.counts().forEach((label, count) -> counts.put(classes.get(label), count));
            batch.bind("run", run)
                    .bind("index", cluster.index())
                    .bind("name", cluster.name())
                    .bind("size", cluster.size())
                    .bind("purity", cluster.purity())
                    .bind("classes", RunProjection.json(counts))
                    .add();
        }
        batch.execute();
        points(sql, run, rows, analysis);
    }

    private static void points(Handle sql, String run, int[] rows, Analysis analysis) {
        for (int from = 0; from < rows.length; from += BATCH) {
            PreparedBatch batch = sql.prepareBatch("""
                    insert into point (run, row, cluster, distance, x, y, z)
                    values (:run, :row, :cluster, :distance, :x, :y, :z)""");
            for (int i = from; i < Math.min(rows.length, from + BATCH); i++) {
                batch.bind("run", run)
                        .bind("row", rows[i])
                        .bind("cluster", analysis.clustering().assignments()[i])
                        .bind("distance", analysis.distances()[i])
                        .bind("x", analysis.projection()[i * Analysis.AXES])
                        .bind("y", analysis.projection()[i * Analysis.AXES + 1])
                        .bind("z", analysis.projection()[i * Analysis.AXES + 2])
                        .add();
            }
            batch.execute();
        }
    }
}
