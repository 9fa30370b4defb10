package io.peregrine.balance;

import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.messaging.EventHandler;
import io.peregrine.work.messaging.Inbox;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Starts balancing when a dataset is sealed. The class sizes are planned ([PlanClasses]). For each class that
/// must grow, neighbours are found ([FindNeighbours]) and recipes drawn ([ClassRecipes]). After the last class
/// the shuffled shards are written ([AssembleShards]).
@ApplicationScoped
class BalanceFlow implements EventHandler {
    private final Inbox inbox;

    BalanceFlow(Inbox inbox) {
        this.inbox = inbox;
    }

    /// Classes can be planned only after all final counts are known. The manifest of the sealed dataset lists
    /// every image, so events about single images need not be stored.
    @Incoming("images")
    @Blocking
    void images(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    /// Of the events about runs, only those that end a run matter. The inbox records the end of a run. When a run
    /// fails or is cancelled, partial search results are deleted. When a run is deleted, all its rows are
    /// deleted.
    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Override
    public void handle(CloudEvent event, Transaction tx) {
        switch (event.data()) {
            case DatasetSealed sealed -> tx.add(new Job.New(sealed.run(), PlanClasses.KIND, "", sealed.manifest()));
            case RunFailed failed ->
                SearchTables.deleteRun(tx.sql(), failed.run().id());
            case RunCancelled cancelled ->
                SearchTables.deleteRun(tx.sql(), cancelled.run().id());
            case RunDeleted deleted ->
                BalanceTables.deleteRun(tx.sql(), deleted.run().id());
            default -> {
                // No other event starts or ends work of this service.
            }
        }
    }
}
