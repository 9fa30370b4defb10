package io.peregrine.work.jobs;

import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.RunRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;

/// Fair share scheduling. Claims are fair by run, not by job. Among the runs that have a claimable job, the order
/// is: highest priority, then fewest turns of work received, then first come.
///
/// Work is measured in seconds. A new run starts at the level of the least served run that has open jobs, so that
/// it has neither credit nor debt (start-time fair queueing: Goyal, Vin and Cheng, 1996). Short runs end within
/// their first turn, in the order of their arrival. A waiting run gains one point of priority each minute, so
/// that no run starves.
final class FairShare {
    static final Duration DEFAULT_QUANTUM = Duration.ofSeconds(5);
    /// After this time a preempted job may be claimed elsewhere, without the files that it left. The worker that
    /// has them is then assumed to be dead.
    static final Duration AFFINITY_TIMEOUT = Duration.ofMinutes(10);

    /// Upper limit of every pause and lease. A time further ahead was written before the database's clock was set
    /// back, and is ignored.
    static final Duration MAX_AHEAD = Duration.ofMinutes(10);

    private static final int SECONDS_PER_POINT = 60;

    /// Order of the runs, over `run_turn` under the alias `turn`.
    private static final String RANK = """
            -turn.priority - floor(greatest(0, extract(epoch from now() - turn.since)) / %d),
            floor(turn.served / :turn), turn.place""".formatted(SECONDS_PER_POINT);

    /// Whether a row of `job` can be claimed. The index's condition comes first.
    private static final String CLAIMABLE = """
            job.state in ('queued', 'running') and job.kind = any(:kinds)
            and (job.state = 'queued'
                    and (job.not_before <= now() or job.not_before > now() + :limit_ahead * interval '1 millisecond')
                    and (job.home is null or job.home = :home
                        or job.not_before < now() - :affinity * interval '1 millisecond')
                or job.state = 'running'
                    and (job.lease_until < now() or job.lease_until > now() + :limit_ahead * interval '1 millisecond'))""";

    /// Selects and locks the next job to claim: `id`, `crashed` (whether the previous claim ended without a
    /// result), `waited` (seconds).
    static final String NEXT = """
            select job.id, job.state = 'running' as crashed, greatest(0, extract(epoch from
                now() - greatest(job.not_before, coalesce(job.lease_until, job.not_before)))) as waited
            from (select turn.run from run_turn turn order by %s) turn
            cross join lateral (
                select * from job where job.run = turn.run and %s
                order by job.id limit 1 for update skip locked) job
            limit 1""".formatted(RANK, CLAIMABLE);

    private final Collection<String> kinds;
    private final String home;
    private final double turnSeconds;

    /// @param kinds kinds of jobs that the worker handles
    /// @param home name of the place where its jobs leave files; empty if they leave none
    /// @param turn amount of work that is one turn
    FairShare(Collection<String> kinds, String home, Duration turn) {
        this.kinds = kinds;
        this.home = home;
        this.turnSeconds = turn.toNanos() / 1e9;
    }

    /// A run that waits for a worker or for a resource.
    ///
    /// @param position 1 if the run is next; 0 if it waits for a resource
    /// @param behind runs in progress, then runs that are served earlier; at most ten
    /// @param seconds how long the run has waited
    /// @param due whether to report the wait now: at once the first time, then at growing intervals
    /// @param resource error of the unavailable or full resource; null if the run waits for a worker
    record Waiting(RunRef run, int position, List<String> behind, double seconds, boolean due, String resource) {
        Waiting {
            behind = List.copyOf(behind);
        }
    }

    /// Enters a run that has work. Must be called before the job is added.
    static void join(Handle sql, RunRef run) {
        sql.createUpdate("""
                        insert into run_turn (run, priority, served)
                        select :run, :priority, coalesce(
                            (select min(served) from run_turn turn where exists (
                                select 1 from job where job.run = turn.run and job.state in ('queued', 'running'))),
                            (select max(served) from run_turn), 0)
                        where not exists (select 1 from job where job.run = :run and job.state in ('queued', 'running'))
                        on conflict (run) do update set priority = excluded.priority, since = now(),
                            served = greatest(run_turn.served, excluded.served)""")
                .bind("run", run.id())
                .bind("priority", run.priority() == null ? 0 : Math.clamp(run.priority(), -10, 10))
                .execute();
    }

    /// Removes a run that has ended.
    static void leave(Handle sql, String run) {
        sql.createUpdate("delete from run_turn where run = :run")
                .bind("run", run)
                .execute();
    }

    /// Charges work time to runs. A run whose row is locked by another transaction is skipped.
    ///
    /// @param seconds of work by run
    static void charge(Handle sql, Map<String, Double> seconds) {
        sql.createUpdate("""
                        with free as materialized (
                            select run from run_turn where run = any(:runs) for update skip locked)
                        update run_turn set served = served + work.seconds, since = now()
                        from free join unnest(:runs, :seconds) as work (run, seconds) using (run)
                        where run_turn.run = free.run""")
                .bindArray("runs", String.class, seconds.keySet().toArray())
                .bindArray("seconds", Double.class, seconds.values().toArray())
                .execute();
    }

    /// @return whether another run would be claimed before this one
    boolean isOtherRunFirst(Handle sql, String run) {
        return bind(sql.createQuery("""
                        select exists (
                            select 1 from run_turn turn where turn.run <> :run and (%s) < (
                                select %s from run_turn turn where turn.run = :run)
                            and exists (select 1 from job where job.run = turn.run and %s))""".formatted(RANK, RANK, CLAIMABLE)))
                .bind("run", run)
                .mapTo(Boolean.class)
                .one();
    }

    /// @return the runs that have a claimable job while no worker works on them, in the order in which they will
    ///     be served
    List<Waiting> waiting(Handle sql) {
        record Row(String run, String ref, boolean inProgress, Double seconds, boolean due) {}
        List<Row> rows = bind(sql.createQuery("""
                        select turn.run, next.run_ref, next.seconds, exists (
                                select 1 from job where job.run = turn.run
                                and job.state = 'running' and job.lease_until >= now()) as in_progress,
                            told_at is null or told_at < since
                                or told_at < now() - greatest(30, next.seconds / 4) * interval '1 second' as due
                        from run_turn turn left join lateral (
                            select job.run_ref, cast(extract(epoch from
                                now() - greatest(turn.since, job.not_before)) as float8) as seconds
                            from job where job.run = turn.run and %s order by job.id limit 1) next on true
                        order by %s""".formatted(CLAIMABLE, RANK)))
                .map((row, context) -> new Row(
                        row.getString("run"),
                        row.getString("run_ref"),
                        row.getBoolean("in_progress"),
                        (Double) row.getObject("seconds", Double.class),
                        row.getBoolean("due")))
                .list();
        List<String> before = new ArrayList<>(
                rows.stream().filter(Row::inProgress).map(Row::run).toList());
        int inProgress = before.size();
        List<Waiting> waiting = new ArrayList<>();
        for (Row row : rows) {
            if (!row.inProgress() && row.seconds() != null) {
                waiting.add(new Waiting(
                        Jobs.run(row.ref()),
                        before.size() - inProgress + 1,
                        before.subList(0, Math.min(before.size(), StageQueued.MOST_BEHIND)),
                        row.seconds(),
                        row.due(),
                        null));
                before.add(row.run());
            }
        }
        return waiting;
    }

    /// @return the runs that have a job waiting for a resource, longest wait first
    List<Waiting> lackingResource(Handle sql) {
        return bind(sql.createQuery("""
                        select job.run_ref, job.error, cast(extract(epoch from now() - job.waits_since) as float8) as seconds,
                            turn.told_at is null or turn.told_at < job.waits_since
                                or turn.told_at < now() - greatest(interval '30 seconds', (now() - job.waits_since) / 4) as due
                        from run_turn turn cross join lateral (
                            select * from job where job.run = turn.run and job.kind = any(:kinds)
                            and job.state in ('queued', 'running') and job.waits_since is not null
                            order by job.waits_since limit 1) job
                        order by job.waits_since"""))
                .map((row, context) -> new Waiting(
                        Jobs.run(row.getString("run_ref")),
                        0,
                        List.of(),
                        row.getDouble("seconds"),
                        row.getBoolean("due"),
                        row.getString("error")))
                .list();
    }

    /// Claims the right to report a run's wait, unless another replica has just reported it.
    ///
    /// @return the number of this report; empty if the wait must not be reported again yet
    static Optional<Long> claimReport(Handle sql, String run) {
        return sql.createQuery("""
                        update run_turn set told = told + 1, told_at = now()
                        where run = :run and (told_at is null or told_at < since
                            or told_at < now() - interval '10 seconds')
                        returning told""").bind("run", run).mapTo(Long.class).findOne();
    }

    <S extends SqlStatement<S>> S bind(S statement) {
        return statement
                .bindArray("kinds", String.class, kinds.toArray())
                .bind("home", home)
                .bind("affinity", AFFINITY_TIMEOUT.toMillis())
                .bind("limit_ahead", MAX_AHEAD.toMillis())
                .bind("turn", turnSeconds);
    }

    Optional<String> home() {
        return Optional.of(home).filter(name -> !name.isEmpty());
    }
}
