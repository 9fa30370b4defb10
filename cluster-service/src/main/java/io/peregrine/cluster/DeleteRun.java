package io.peregrine.cluster;

import io.peregrine.cluster.postgres.RunProjection;
import io.peregrine.events.RunRef;
import io.peregrine.work.Audit;
import io.peregrine.work.Database;
import io.peregrine.work.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/// Deletes a run because a user asks for it: the catalogue forgets it at once, the other services
/// when they hear of it. Its artifacts stay until they are pruned.
@ApplicationScoped
public class DeleteRun {
    private static final Logger LOG = Logger.getLogger(DeleteRun.class);

    private final Database database;

    DeleteRun(Database database) {
        this.database = database;
    }

    /// Says `run.deleted`, unless the run still goes on.
    ///
    /// @param by who asks for it
    /// @return whether it was there to be deleted
    public boolean delete(RunRef run, String by) {
        AtomicBoolean deleted = new AtomicBoolean();
        database.inTransaction(null, tx -> deleted.set(delete(tx, run, by)));
        LOG.infof("delete asked run=%s deleted=%b by=%s", run.id(), deleted.get(), by);
        return deleted.get();
    }

    static boolean delete(Transaction tx, RunRef run, String by) {
        if (!tx.causedByActor(by).delete(run)) {
            return false;
        }
        Audit.note(tx.sql(), "deleted", run.id(), by, "dataset " + run.dataset());
        RunProjection.forget(tx.sql(), run.id());
        return true;
    }
}
