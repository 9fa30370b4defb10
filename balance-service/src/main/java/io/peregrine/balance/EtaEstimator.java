package io.peregrine.balance;

import io.peregrine.balance.postgres.RemainingWork;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.work.jobs.Database;

/// Estimates how long a run's searches will still take. The speed is that of this job so far, or before its first
/// tile that of the engine when the plan was made. The estimate accounts for the number of workers that search
/// now.
final class EtaEstimator {
    private final Database database;
    private final String run;
    private final long productsBefore;
    private final long began = System.nanoTime();
    private long saved;

    /// @param productsBefore multiply-adds that were done before this claim of the job began
    EtaEstimator(Database database, String run, long productsBefore) {
        this.database = database;
        this.run = run;
        this.productsBefore = productsBefore;
        this.saved = productsBefore;
    }

    /// @param products of this job that are recorded in the database
    void saved(long products) {
        saved = products;
    }

    long productsBefore() {
        return productsBefore;
    }

    /// @return seconds since this claim of the job began
    double seconds() {
        return (System.nanoTime() - began) / 1e9;
    }

    /// @param done multiply-adds of this job so far
    /// @return 0 if all is done
    double secondsLeft(long done) {
        RemainingWork remaining =
                database.jdbi().withHandle(sql -> SearchTables.remaining(sql, run, FindNeighbours.KIND));
        return remaining.without(done - saved).secondsLeft(done - productsBefore, seconds());
    }
}
