package io.peregrine.trainer;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.messaging.EventHandler;
import io.peregrine.work.messaging.Inbox;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Receives `dataset.balanced` and queues training of the classifier and then of the autoencoder
/// ([TrainNetwork]).
@ApplicationScoped
class TrainerFlow implements EventHandler {
    private final Inbox inbox;

    TrainerFlow(Inbox inbox) {
        this.inbox = inbox;
    }

    /// `shard.written` adds nothing to `dataset.balanced`; it only reports progress.
    @Incoming("shards")
    @Blocking
    void shards(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    /// Of the run events, only the ends of runs matter here. The inbox itself records them. All rows of a deleted
    /// run are deleted.
    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Override
    public void handle(CloudEvent event, Transaction tx) {
        switch (event.data()) {
            case DatasetBalanced balanced -> {
                for (Network network : Network.values()) {
                    tx.add(new Job.New(balanced.run(), TrainNetwork.KIND, network.jsonName(), balanced));
                }
            }
            case RunDeleted deleted ->
                CheckpointTable.delete(tx.sql(), deleted.run().id());
            default -> {
                // No job starts or ends with this event.
            }
        }
    }
}
