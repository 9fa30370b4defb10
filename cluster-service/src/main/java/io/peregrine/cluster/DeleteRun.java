package io.peregrine.cluster;

import io.peregrine.cluster.postgres.RunProjection;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import org.jboss.logging.Logger;

/// Deletes a run at a user's request. The catalogue deletes it at once, the other services when they receive the
/// event. Its artifacts are kept until a prune.
@ApplicationScoped
public class DeleteRun {
    private static final Logger LOG = Logger.getLogger(DeleteRun.class);

    private final Database database;

    DeleteRun(Database database) {
        this.database = database;
    }

    /// Publishes `run.deleted`, unless the run is still running.
    ///
    /// @param by the actor
    /// @return whether this call deleted the run
    public boolean delete(RunRef run, String by) {
        boolean deleted = database.inTransaction(null, tx -> delete(tx, run, by));
        LOG.infof("delete asked run=%s deleted=%b by=%s", run.id(), deleted, by);
        return deleted;
    }

    static boolean delete(Transaction tx, RunRef run, String by) {
        if (!tx.causedByActor(by).delete(run)) {
            return false;
        }
        Audit.note(tx.sql(), "deleted", run.id(), by, "dataset " + run.dataset());
        RunProjection.delete(tx.sql(), run.id());
        return true;
    }
}
