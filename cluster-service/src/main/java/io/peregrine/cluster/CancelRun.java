package io.peregrine.cluster;

import io.peregrine.cluster.postgres.RunState;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import org.jboss.logging.Logger;

/// Cancels a run at a user's request.
@ApplicationScoped
public class CancelRun {
    private static final Logger LOG = Logger.getLogger(CancelRun.class);

    private final Database database;

    CancelRun(Database database) {
        this.database = database;
    }

    /// Publishes `run.cancelled`, unless the run has already ended.
    ///
    /// @param by the actor
    /// @return whether this call ended the run
    public boolean cancel(RunRef run, String reason, String by) {
        boolean cancelled = database.inTransaction(null, tx -> {
            RunCancelled event = new RunCancelled(run, reason);
            // The first end of a run is kept. The table of ended runs records whether it was this one.
            tx.causedByActor(by).publish(event, "cancelled");
            boolean ended = tx.hasEndedWith(run.id(), event.type())
                    && RunState.end(tx.sql(), run.id(), "cancelled", Instant.now(), null, event.reason());
            if (ended) {
                Audit.note(tx.sql(), "cancelled", run.id(), by, event.reason());
            }
            return ended;
        });
        LOG.infof("cancel asked run=%s cancelled=%b by=%s", run.id(), cancelled, by);
        return cancelled;
    }
}
