package io.peregrine.trainer.postgres;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// Published checkpoints, and which of them are kept (`V20261126_81__checkpoint.sql`).
public final class CheckpointTable {
    private CheckpointTable() {}

    /// @param kept whether it is the best or the newest of its network, so that its file exists
    public record Checkpoint(
            String network, int epoch, boolean best, boolean last, boolean kept, ArtifactRef weights) {}

    /// Stores a checkpoint in the transaction that publishes it. All others of its network expire, except the
    /// best. If an epoch is published twice, the first row is kept, as consumers keep the first event. The
    /// exception is the training's last epoch: a training restarted on a GPU or with another engine may stop at
    /// another epoch than before.
    ///
    /// @return names of the network's artifacts that are kept: checkpoints and, at the end, the test results
    public static List<String> published(Handle sql, CheckpointPublished event) {
        String run = event.run().id();
        String network = event.network().jsonName();
        ArtifactRef results = event.test() == null ? null : event.test().byClass();
        boolean isNew = sql.createUpdate("""
                        insert into checkpoint (run, network, epoch, best, last, uri, sha256, bytes, results)
                        values (:run, :network, :epoch, :best, :last, :uri, :sha256, :bytes, :results)
                        on conflict (run, network, epoch) do update set best = excluded.best, last = true, kept = true,
                            uri = excluded.uri, sha256 = excluded.sha256, bytes = excluded.bytes,
                            results = excluded.results
                        where excluded.last and not checkpoint.last""")
                        .bind("run", run)
                        .bind("network", network)
                        .bind("epoch", event.epoch())
                        .bind("best", event.best())
                        .bind("last", event.last())
                        .bind("uri", event.weights().uri())
                        .bind("sha256", event.weights().sha256())
                        .bind("bytes", event.weights().bytes())
                        .bind("results", results == null ? null : results.uri())
                        .execute()
                == 1;
        if (isNew) {
            sql.createUpdate("""
                            update checkpoint set kept = false
                            where run = :run and network = :network and epoch <> :epoch and kept and (:best or not best)""")
                    .bind("run", run)
                    .bind("network", network)
                    .bind("epoch", event.epoch())
                    .bind("best", event.best())
                    .execute();
        }
        return sql
                .createQuery("select uri, results from checkpoint where run = :run and network = :network and kept")
                .bind("run", run)
                .bind("network", network)
                .map((row, context) -> Stream.of(row.getString("uri"), row.getString("results")))
                .list()
                .stream()
                .flatMap(uris -> uris)
                .filter(Objects::nonNull)
                .toList();
    }

    /// @return at most the best and the newest of each network
    public static List<Checkpoint> kept(Handle sql, String run) {
        return sql.createQuery("select * from checkpoint where run = :run and kept order by network desc, epoch")
                .bind("run", run)
                .map((row, context) -> checkpoint(row))
                .list();
    }

    /// @return a published checkpoint, kept or not
    public static Optional<Checkpoint> find(Handle sql, String run, String network, int epoch) {
        return sql.createQuery("select * from checkpoint where run = :run and network = :network and epoch = :epoch")
                .bind("run", run)
                .bind("network", network)
                .bind("epoch", epoch)
                .map((row, context) -> checkpoint(row))
                .findOne();
    }

    /// Deletes the rows of a deleted run.
    public static void delete(Handle sql, String run) {
        sql.createUpdate("delete from checkpoint where run = :run")
                .bind("run", run)
                .execute();
    }

    private static Checkpoint checkpoint(ResultSet row) throws SQLException {
        return new Checkpoint(
                row.getString("network"),
                row.getInt("epoch"),
                row.getBoolean("best"),
                row.getBoolean("last"),
                row.getBoolean("kept"),
                new ArtifactRef(row.getString("uri"), row.getString("sha256"), row.getLong("bytes")));
    }
}
