package io.peregrine.cluster.postgres;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.EndedRuns;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// State of a run: inputs for its next step, and whether it has ended.
public final class RunState {
    private RunState() {}

    /// Locks a run, so that one transaction at a time processes it.
    ///
    /// @return whether the run is still running; empty if it is unknown
    public static Optional<Boolean> lock(Handle sql, String run) {
        return sql.createQuery("select state = 'running' from run where id = :id for no key update")
                .bind("id", run)
                .mapTo(Boolean.class)
                .findOne();
    }

    /// Ends a run, unless it has already ended.
    ///
    /// @return whether this call ended it
    public static boolean end(Handle sql, String run, String state, Instant time, JsonNode failure, String cancelled) {
        return sql.createUpdate("""
                        update run set state = :state, ended = :time, failure = cast(:failure as jsonb),
                            cancelled = :cancelled
                        where id = :id and state = 'running'""")
                        .bind("id", run)
                        .bind("state", state)
                        .bind("time", time)
                        .bind("failure", failure == null ? null : RunProjection.json(failure))
                        .bind("cancelled", cancelled)
                        .execute()
                == 1;
    }

    /// @return the first runs that ended longer ago than this, by this service's clock
    public static List<RunRef> endedBefore(Handle sql, Duration age) {
        List<String> ended = EndedRuns.endedBefore(sql, age, "run", "id", 20);
        return sql.createQuery("""
                        select id, dataset, spec from run where id = any(:ended)
                        order by array_position(cast(:ended as text[]), id)""")
                .bindArray("ended", String.class, ended)
                .map((rs, context) -> new RunRef(
                        rs.getString("id"),
                        rs.getString("dataset"),
                        RunProjection.read(rs.getString("spec"), ArtifactRef.class)))
                .list();
    }

    /// @return the manifest and the autoencoder's final weights, once both are known
    public static Optional<EncodingInput> encodingInput(Handle sql, String run) {
        return sql.createQuery("""
                        select r.manifest, c.weights from run r join checkpoint c on c.run = r.id
                        where r.id = :run and r.manifest is not null and c.network = :network and c.last""")
                .bind("run", run)
                .bind("network", Network.AUTOENCODER.jsonName())
                .map((rs, context) -> new EncodingInput(
                        RunProjection.read(rs.getString("manifest"), ManifestRef.class),
                        RunProjection.read(rs.getString("weights"), ArtifactRef.class)))
                .findOne();
    }

    /// Input of the encoding of a run's images.
    public record EncodingInput(ManifestRef manifest, ArtifactRef weights) {}

    /// @return whether the clusters, both final checkpoints with their measures, and the balancing results have
    ///     arrived; a consumer of `run.completed` may request all of them
    public static boolean isReadyToComplete(Handle sql, String run) {
        return sql.createQuery("""
                        select exists (select from clustering where run = :run)
                           and exists (select from run where id = :run and balance is not null)
                           and 2 = (select count(distinct network) from checkpoint
                                    where run = :run and last and test is not null)""").bind("run", run).mapTo(Boolean.class).one();
    }
}
