package io.peregrine.work.jobs;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jdbi.v3.core.Handle;

/// Read-only queries on the jobs of a service. Only this library reads and writes the table.
public final class JobQueries {
    private JobQueries() {}

    /// @return when the first job of this kind was added to the run; empty if there is none
    public static Optional<Instant> addedAt(Handle sql, String run, String kind) {
        return sql.createQuery("select min(created_at) from job where run = :run and kind = :kind")
                .bind("run", run)
                .bind("kind", kind)
                .mapTo(Instant.class)
                .findOne();
    }

    /// @return number of jobs of this kind of the run that workers hold now
    public static int countRunning(Handle sql, String run, String kind) {
        return sql.createQuery("""
                        select count(*) from job where run = :run and kind = :kind and state = 'running'""")
                .bind("run", run)
                .bind("kind", kind)
                .mapTo(Integer.class)
                .one();
    }

    /// @param name what to return of a job, from its run's id and its key
    /// @return the queued and running jobs of this kind, of all runs
    public static <T> Set<T> open(Handle sql, String kind, BiFunction<String, String, T> name) {
        return sql.createQuery("select run, key from job where kind = :kind and state in ('queued', 'running')")
                .bind("kind", kind)
                .map((row, context) -> name.apply(row.getString("run"), row.getString("key")))
                .set();
    }
}
