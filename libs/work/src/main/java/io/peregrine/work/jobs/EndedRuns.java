package io.peregrine.work.jobs;

import java.time.Duration;
import java.util.List;
import org.jdbi.v3.core.Handle;

/// Read-only queries on the runs whose end a service has recorded. Only this library reads and writes the table.
public final class EndedRuns {
    private EndedRuns() {}

    /// Finds runs that ended long ago and have not been deleted.
    ///
    /// @param age since the end was recorded, by the database's clock
    /// @param table the service's own table of runs: a run without a row there is left out
    /// @param id the column of that table that holds the run's id
    /// @return ids of the runs that ended first
    public static List<String> endedBefore(Handle sql, Duration age, String table, String id, int limit) {
        return sql.createQuery("""
                        select ended.run from ended_run ended join %1$s on %1$s.%2$s = ended.run
                        where ended.deleted_at is null and ended.ended_at < now() - :seconds * interval '1 second'
                        order by ended.ended_at limit :limit""".formatted(table, id))
                .bind("seconds", age.toSeconds())
                .bind("limit", limit)
                .mapTo(String.class)
                .list();
    }
}
