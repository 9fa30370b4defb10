package io.peregrine.ingest;

import io.peregrine.events.BadSpec;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec;
import io.peregrine.events.Stage;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.work.Inbox;
import io.peregrine.work.Job;
import io.peregrine.work.Transaction;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Hears that a dataset lies ready. Its run is accepted ([AcceptRun]), its files are listed ([ListPictures]) and
/// decoded 256 at a time ([MakePack]), and when the last pack is made the dataset is sealed ([SealDataset]).
@ApplicationScoped
class IngestFlow {
    private static final int DATASET_CHARACTERS = 200;

    private final Inbox inbox;

    IngestFlow(Inbox inbox) {
        this.inbox = inbox;
    }

    @Incoming("datasets")
    @Blocking
    void datasets(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, (event, tx) -> {
            if (event.data() instanceof DatasetReady ready) {
                begin(event, ready, tx);
            }
        });
    }

    /// Of the runs only their ends matter here, and those the inbox keeps by itself; of a deleted
    /// one nothing is kept.
    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, (event, tx) -> {
            if (event.data() instanceof RunDeleted deleted) {
                IngestTables.forget(tx.sql(), deleted.run().id());
            }
        });
    }

    private static void begin(CloudEvent event, DatasetReady ready, Transaction tx) {
        String dataset = ready.dataset();
        if (dataset.codePointCount(0, dataset.length()) > DATASET_CHARACTERS) {
            // Too long for a specification, and for the events that say so.
            dataset = dataset.substring(0, dataset.offsetByCodePoints(0, DATASET_CHARACTERS)) + "…";
        }
        RunRef run = new RunRef(event.subject(), dataset, null);
        try {
            RunSpec.parse(ready.body());
            IngestTables.accept(tx.sql(), run.id(), run.dataset());
            tx.add(new Job.New(run, AcceptRun.KIND, "", ready.body()));
        } catch (BadSpec bad) {
            String detail = bad.errors().size() == 1
                    ? "1 field of the dataset-ready cannot stand; mend it and publish again"
                    : "%d fields of the dataset-ready cannot stand; mend them and publish again"
                            .formatted(bad.errors().size());
            tx.say(new RunFailed(run, Stage.INGEST, FailureKind.INPUT, "BAD_SPEC", detail, bad.errors()), "failed");
        }
    }
}
