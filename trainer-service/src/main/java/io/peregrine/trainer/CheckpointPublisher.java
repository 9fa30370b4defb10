package io.peregrine.trainer;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.trainer.run.EpochResult;
import io.peregrine.trainer.run.NetworkTraining;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.Transaction;
import jakarta.enterprise.context.ApplicationScoped;

/// Publishes a network's weights after each epoch, and expires checkpoints that are neither best nor newest.
@ApplicationScoped
class CheckpointPublisher {
    private final TrainerMeters meters;
    private final ExpiredCheckpoints expired;

    CheckpointPublisher(TrainerMeters meters, ExpiredCheckpoints expired) {
        this.meters = meters;
        this.expired = expired;
    }

    /// Writes the weights, and a classifier's test results per class, to the store. Waits while the disk is full.
    ///
    /// @param end the epoch that just ended
    /// @return the event to [#publish]
    CheckpointPublished store(JobContext job, TrainingOrder order, NetworkTraining training, EpochResult end) {
        SafetensorsWriter weights =
                new SafetensorsWriter().metadata("preset", order.spec().preset());
        training.writeWeights(weights);
        ArtifactRef checkpoint =
                WaitForDisk.until(job, () -> job.publish("checkpoint", "safetensors", weights::writeTo));
        meters.checkpoint(order.network(), checkpoint);
        return new CheckpointPublished(
                order.run(),
                order.network(),
                end.epoch(),
                order.spec().epochs(),
                end.best(),
                end.last(),
                checkpoint,
                end.measures(),
                end.test() == null ? null : end.test().measures(results(job, end)));
    }

    private static ArtifactRef results(JobContext job, EpochResult end) {
        ClassResults byClass = end.test().byClass();
        return byClass == null ? null : WaitForDisk.until(job, () -> byClass.publish(job));
    }

    /// Publishes the event, and expires the network's checkpoints that are neither best nor newest.
    void publish(JobContext job, CheckpointPublished checkpoint, Transaction tx) {
        // The end has an event id of its own: an earlier training that ran longer may have published this epoch.
        String ordinal = checkpoint.last() ? "last" : Integer.toString(checkpoint.epoch());
        tx.publish(checkpoint, checkpoint.network().jsonName() + "/" + ordinal);
        if (job.retainOnly(tx, CheckpointTable.published(tx.sql(), checkpoint))) {
            tx.afterCommit(expired::markPending);
        }
    }
}
