package io.peregrine.balance;

import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.work.EventHandler;
import io.peregrine.work.Inbox;
import io.peregrine.work.Job;
import io.peregrine.work.Transaction;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Hears that a dataset is sealed. Then the class sizes are planned ([PlanClasses]), each class that must
/// grow has its neighbours found ([FindNeighbours]) and its recipes drawn ([ClassRecipes]), and after the last of
/// them the shuffled shards are written ([AssembleShards]).
@ApplicationScoped
class BalanceFlow implements EventHandler {
    private final Inbox inbox;

    BalanceFlow(Inbox inbox) {
        this.inbox = inbox;
    }

    /// No class can be planned before all final counts are known, and the manifest of the seal lists every
    /// image: of the images themselves nothing needs to be kept.
    @Incoming("images")
    @Blocking
    void images(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    /// Of the runs only their ends matter here, and those the inbox keeps by itself; what searches had found so
    /// far is of no more use. Of a deleted run nothing is kept.
    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Override
    public void handle(CloudEvent event, Transaction tx) {
        switch (event.data()) {
            case DatasetSealed sealed -> tx.add(new Job.New(sealed.run(), PlanClasses.KIND, "", sealed.manifest()));
            case RunFailed failed -> SearchTables.forget(tx.sql(), failed.run().id());
            case RunCancelled cancelled ->
                SearchTables.forget(tx.sql(), cancelled.run().id());
            case RunDeleted deleted ->
                BalanceTables.forget(tx.sql(), deleted.run().id());
            default -> {
                // Nothing of ours begins or ends with it.
            }
        }
    }
}
