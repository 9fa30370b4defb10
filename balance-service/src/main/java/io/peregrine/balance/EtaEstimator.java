package io.peregrine.balance;

import io.peregrine.balance.postgres.RemainingWork;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.work.Database;

/// How long a run's searches will still take: by what this job has done so far, before that by the engine's own
/// speed when the plan was made; and by how many workers are at it now.
final class EtaEstimator {
    private final Database database;
    private final String run;
    private final long productsBefore;
    private final long began = System.nanoTime();
    private long kept;

    /// @param productsBefore multiply-adds that were done when this job's claim began
    EtaEstimator(Database database, String run, long productsBefore) {
        this.database = database;
        this.run = run;
        this.productsBefore = productsBefore;
        this.kept = productsBefore;
    }

    /// @param products of this job that the database knows of
    void kept(long products) {
        kept = products;
    }

    long productsBefore() {
        return productsBefore;
    }

    /// @return since this job's claim began
    double seconds() {
        return (System.nanoTime() - began) / 1e9;
    }

    /// @param done multiply-adds of this job so far
    /// @return 0 where all is done
    double secondsLeft(long done) {
        RemainingWork ahead = database.jdbi().withHandle(sql -> SearchTables.ahead(sql, run, FindNeighbours.KIND));
        return ahead.without(done - kept).secondsLeft(done - productsBefore, seconds());
    }
}
