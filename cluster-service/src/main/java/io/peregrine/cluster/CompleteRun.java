package io.peregrine.cluster;

import io.peregrine.cluster.postgres.RunState;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import org.jboss.logging.Logger;

/// Publishes that a run is completed.
@ApplicationScoped
class CompleteRun implements JobHandler {
    static final String KIND = "complete";

    private static final Logger LOG = Logger.getLogger(CompleteRun.class);

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) {
        RunRef run = context.job().run();
        context.complete(tx -> {
            tx.publish(new RunCompleted(run), "completed");
            RunState.end(tx.sql(), run.id(), "completed", Instant.now(), null, null);
        });
        LOG.infof("run completed run=%s", run.id());
    }
}
