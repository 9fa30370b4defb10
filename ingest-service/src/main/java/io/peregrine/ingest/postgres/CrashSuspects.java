package io.peregrine.ingest.postgres;

import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;

/// The files of a pack that may have crashed the process (`V20261126_20__suspect.sql`).
///
/// Nothing is recorded for a job that was never lost, since an exception reports its own cause. For a lost job
/// each file is recorded before it is decoded and cleared afterwards. A dead process thus leaves a record that
/// names its file. A single record may be caused by an operator or the machine. A file with two records is not
/// decoded again.
public final class CrashSuspects implements PackMaker.CrashGuard {
    private static final int DEATHS = 2;
    /// Used as a position for the whole pack: it was being made, but none of its files was being decoded.
    private static final int NO_FILE = -1;
    /// Number of deaths without a suspected file after which further ones count as crashes of the job.
    private static final int PATIENCE = 8;

    private static final Duration SETTLING = Duration.ofSeconds(1);

    private final Database database;
    private final Job job;
    private final int pack;
    private final Map<Integer, Integer> deaths = new HashMap<>();

    private CrashSuspects(Database database, Job job, int pack) {
        this.database = database;
        this.job = job;
        this.pack = pack;
    }

    /// Counts the death that an earlier claim of the job recorded. More information is progress: it does not
    /// count as a crash of the job, neither for the pack of the recorded file nor for a pack that was made at the
    /// same time.
    public static CrashSuspects of(Database database, JobContext context, int pack) {
        CrashSuspects suspects = new CrashSuspects(database, context.job(), pack);
        Set<Integer> noted = suspects.read();
        if (!noted.isEmpty()) {
            suspects.died(noted, context);
        }
        return suspects;
    }

    private void died(Set<Integer> noted, JobContext context) {
        if (noted.size() > 1) {
            noted.remove(NO_FILE);
        }
        noted.forEach(place -> deaths.merge(place, 1, Integer::sum));
        if (deaths.getOrDefault(NO_FILE, 0) <= PATIENCE) {
            context.checkpoint(job.state(), tx -> count(tx.sql(), noted));
        } else {
            database.jdbi().useTransaction(sql -> count(sql, noted));
        }
    }

    private void count(Handle sql, Set<Integer> noted) {
        bind(sql.createUpdate("update suspect set fence = null where run = :run and pack = :pack"))
                .execute();
        for (int place : noted) {
            bind(sql.createUpdate("""
                update suspect set deaths = deaths + 1
                where run = :run and pack = :pack and place = :place\
                """)).bind("place", place).execute();
        }
    }

    /// @return whether the job was lost before, for any reason
    public boolean isLost() {
        return job.crashes() > 0 || !deaths.isEmpty();
    }

    /// Makes a lost pack and records that it is being made.
    public <T> T guard(Callable<T> making) throws Exception {
        begins(NO_FILE);
        try {
            // Packs that were lost together are claimed together. Each must have recorded that it is being made
            // before a file of one of them may crash them all again.
            Thread.sleep(SETTLING);
            return making.call();
        } finally {
            ends(NO_FILE);
        }
    }

    @Override
    public boolean isDeadly(int place) {
        return deaths.getOrDefault(place, 0) >= DEATHS;
    }

    @Override
    public void begins(int place) {
        // A stale claim that was not noticed must not overwrite the record of the next claim.
        note(place, """
            insert into suspect (run, pack, place, fence) values (:run, :pack, :place, :fence)
            on conflict (run, pack, place) do update set fence = excluded.fence
            where suspect.fence is null or suspect.fence < excluded.fence\
            """);
    }

    @Override
    public void ends(int place) {
        note(place, """
            update suspect set fence = null
            where run = :run and pack = :pack and place = :place and fence = :fence\
            """);
    }

    private void note(int place, String statement) {
        database.jdbi()
                .useHandle(sql -> bind(sql.createUpdate(statement))
                        .bind("place", place)
                        .bind("fence", job.fence())
                        .execute());
    }

    /// @return the positions for which a dead process left records
    private Set<Integer> read() {
        Set<Integer> noted = new HashSet<>();
        database.jdbi()
                .useHandle(sql -> bind(sql.createQuery("""
                    select place, deaths, fence is not null as noted
                    from suspect where run = :run and pack = :pack\
                    """))
                        .map((row, context) -> {
                            deaths.put(row.getInt("place"), row.getInt("deaths"));
                            return row.getBoolean("noted") && noted.add(row.getInt("place"));
                        })
                        .list());
        return noted;
    }

    private <S extends SqlStatement<S>> S bind(S statement) {
        return statement.bind("run", job.run().id()).bind("pack", pack);
    }
}
