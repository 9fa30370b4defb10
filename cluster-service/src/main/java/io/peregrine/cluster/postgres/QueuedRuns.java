package io.peregrine.cluster.postgres;

import io.peregrine.events.PipelineEvent.StageQueued;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/// What runs wait for, as each stage last reported (`V20261129_45__queued.sql`).
final class QueuedRuns {
    /// The newest report about a row of `run`, unless the stage has made progress since.
    static final String NEWEST = """
            left join lateral (
                select stage as queued_stage, position as queued_position, behind as queued_behind,
                    seconds as queued_seconds, resource as queued_resource, time as queued_time
                from queued where queued.run = run.id and run.state = 'running' and queued.time > coalesce(
                    (select max(progress.time) from progress
                        where progress.run = run.id and progress.stage = queued.stage), '-infinity')
                order by queued.time desc limit 1) queued on true""";

    private QueuedRuns() {}

    static void record(Handle sql, StageQueued event, Instant time) {
        sql.createUpdate("""
                        insert into queued (run, stage, position, behind, seconds, resource, time)
                        values (:run, :stage, :position, :behind, :seconds, :resource, :time)
                        on conflict (run, stage) do update set position = excluded.position, behind = excluded.behind,
                            seconds = excluded.seconds, resource = excluded.resource, time = excluded.time
                        where queued.time <= excluded.time""")
                .bind("run", event.run().id())
                .bind("stage", event.stage().jsonName())
                .bind("position", event.position())
                .bindArray("behind", String.class, event.behind().toArray())
                .bind("seconds", event.seconds())
                .bind("resource", event.resource())
                .bind("time", time)
                .execute();
    }

    /// @param rs a row of `run` joined with [#NEWEST]
    /// @return null if the run does not wait
    static RunSummary.Waiting read(ResultSet rs) throws SQLException {
        Instant reported = RunQueries.instant(rs, "queued_time");
        if (reported == null) {
            return null;
        }
        long millis = (long) (rs.getDouble("queued_seconds") * 1e3);
        return new RunSummary.Waiting(
                rs.getString("queued_stage"),
                rs.getInt("queued_position"),
                List.of((String[]) rs.getArray("queued_behind").getArray()),
                rs.getString("queued_resource"),
                reported.minus(Duration.ofMillis(millis)),
                reported);
    }
}
