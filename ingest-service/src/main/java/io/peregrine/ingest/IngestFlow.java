package io.peregrine.ingest;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.messaging.EventHandler;
import io.peregrine.work.messaging.Inbox;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Starts a run for each published dataset. The run is accepted ([AcceptRun]), its files are listed
/// ([ListImages]) and decoded in packs of 256 ([MakePack]). After the last pack the dataset is sealed
/// ([SealDataset]).
@ApplicationScoped
class IngestFlow implements EventHandler {
    private final Inbox inbox;

    private final AllowedRoots roots;

    IngestFlow(Inbox inbox, AllowedRoots roots) {
        this.inbox = inbox;
        this.roots = roots;
    }

    @Incoming("datasets")
    @Blocking
    void datasets(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    /// Of the events about runs, this service uses two. The inbox records the end of a run. After `run.deleted`
    /// this service deletes its rows and the grant of the run.
    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Override
    public void handle(CloudEvent event, Transaction tx) {
        switch (event.data()) {
            case DatasetReady ready -> begin(event, ready, tx);
            case RunDeleted deleted -> {
                String run = deleted.run().id();
                IngestTables.deleteRun(tx.sql(), run);
                // Deletes a file, so it runs after the transaction, not within it.
                tx.afterCommit(() -> roots.revoke(run));
            }
            default -> {
                // No other event starts or ends work of this service.
            }
        }
    }

    private static void begin(CloudEvent event, DatasetReady ready, Transaction tx) {
        RunRef run = new RunRef(event.subject(), ready.dataset(), null);
        try {
            RunSpec.parse(ready.body());
            IngestTables.accept(tx.sql(), run.id(), run.dataset());
            tx.add(new Job.New(run, AcceptRun.KIND, "", ready.body()));
        } catch (InvalidSpecException bad) {
            String detail =
                    "%s in the dataset-ready; correct the dataset-ready and publish it again".formatted(bad.counted());
            tx.publish(new RunFailed(run, Stage.INGEST, FailureKind.INPUT, "BAD_SPEC", detail, bad.errors()), "failed");
        }
    }
}
