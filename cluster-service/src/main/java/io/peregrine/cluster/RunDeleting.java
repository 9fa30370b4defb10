package io.peregrine.cluster;

import io.peregrine.cluster.postgres.Catalogue;
import io.peregrine.events.RunRef;
import io.peregrine.work.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/// Deletes a run because a user asks for it: the catalogue forgets it at once, the other services
/// when they hear of it. Its artefacts stay until they are pruned.
@ApplicationScoped
public class RunDeleting {
    private static final Logger LOG = Logger.getLogger(RunDeleting.class);

    private final Database database;

    RunDeleting(Database database) {
        this.database = database;
    }

    /// Says `run.deleted`, unless the run still goes on.
    ///
    /// @return whether it was there to be deleted
    public boolean delete(RunRef run) {
        AtomicBoolean deleted = new AtomicBoolean();
        database.inTransaction(null, tx -> {
            deleted.set(tx.delete(run));
            if (deleted.get()) {
                Catalogue.forget(tx.sql(), run.id());
            }
        });
        LOG.infof("delete asked run=%s deleted=%b", run.id(), deleted.get());
        return deleted.get();
    }
}
