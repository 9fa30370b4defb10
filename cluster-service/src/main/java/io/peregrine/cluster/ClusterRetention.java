package io.peregrine.cluster;

import io.peregrine.cluster.postgres.RunState;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.retention.RetentionConfig;
import io.peregrine.work.retention.RetentionRule;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import org.jboss.logging.Logger;

/// Data that cluster-service removes some time after the end of a run. Everything else is served by the API and
/// is kept until the run is deleted.
class ClusterRetention {
    private static final Logger LOG = Logger.getLogger(ClusterRetention.class);

    /// Only the analysis reads the latents, and it has published them as an artifact.
    @Produces
    @Singleton
    RetentionRule latents(RetentionConfig config) {
        return latents(config.jobRetention());
    }

    static RetentionRule latents(Duration age) {
        return RetentionRule.ofEndedRuns("latent", age);
    }

    /// A training of several hours publishes thousands of progress events.
    @Produces
    @Singleton
    RetentionRule progress(ClusterConfig config) {
        return progress(config.progressRetention());
    }

    static RetentionRule progress(Duration age) {
        return RetentionRule.ofEndedRuns("timeline", age, """
                and timeline.type = 'io.peregrine.stage.progressed.v1'
                and timeline.time < now() - :seconds * interval '1 second'
                order by timeline.time""");
    }

    /// Deletes whole runs, as a user does, if this is configured.
    @Produces
    @Singleton
    RetentionRule runs(ClusterConfig config) {
        return runs(config.runRetention());
    }

    static RetentionRule runs(Optional<Duration> age) {
        return new RetentionRule() {
            @Override
            public String table() {
                return "run";
            }

            @Override
            public int removeSome(Transaction tx, int limit) {
                return age.map(least -> deleteOne(tx, least)).orElse(0);
            }
        };
    }

    /// Deletes one run at a time: it may have a hundred thousand images. A run that cannot be deleted does not
    /// block others.
    private static int deleteOne(Transaction tx, Duration age) {
        for (RunRef run : RunState.endedBefore(tx.sql(), age)) {
            tx.sql().savepoint("run");
            try {
                if (DeleteRun.delete(tx, run, "run-retention")) {
                    LOG.infof("run deleted run=%s reason=run-retention age=%s", run.id(), age);
                    return 1;
                }
            } catch (RuntimeException failed) {
                LOG.warnf("Cannot delete a run, retrying later run=%s: %s", run.id(), failed.getMessage());
                tx.sql().rollbackToSavepoint("run");
            }
        }
        return 0;
    }
}
