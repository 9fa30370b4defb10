package io.peregrine.cluster;

import io.peregrine.cluster.postgres.RunProjection;
import io.peregrine.cluster.postgres.RunState;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.messaging.EventHandler;
import io.peregrine.work.messaging.Inbox;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Receives all events and maintains the catalogue. Once a run's manifest and its final autoencoder are known,
/// its images are encoded pack by pack ([PlanEncoding], [EncodePacks]) and clustered ([AnalyseRun]). Once
/// clusters and both final checkpoints are known, the run is completed ([CompleteRun]). Events may arrive in any
/// order: each step starts when its rows are complete.
@ApplicationScoped
class ClusterFlow implements EventHandler {
    private final Inbox inbox;

    ClusterFlow(Inbox inbox) {
        this.inbox = inbox;
    }

    @Incoming("datasets")
    @Blocking
    void datasets(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Incoming("images")
    @Blocking
    void images(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Incoming("shards")
    @Blocking
    void shards(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Incoming("checkpoints")
    @Blocking
    void checkpoints(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.receive(record, this);
    }

    @Override
    public void handle(CloudEvent event, Transaction tx) {
        RunRef run = RunProjection.runOf(event);
        // Locks always in this order, this one before the run's row. Otherwise two transactions could deadlock.
        tx.hasEnded(run.id());
        String by = Actor.of(event, tx.publisher());
        if (event.data() instanceof RunDeleted) {
            Audit.note(tx.sql(), "deleted", run.id(), by, "dataset " + run.dataset());
            RunProjection.delete(tx.sql(), run.id());
            return;
        }
        RunProjection.record(tx.sql(), event, by);
        audit(event, run, by, tx);
        switch (event.data()) {
            case DatasetSealed sealed -> encodeIfReady(tx, run);
            case DatasetBalanced balanced -> {
                encodeIfReady(tx, run);
                completeIfReady(tx, run);
            }
            case CheckpointPublished checkpoint
            when checkpoint.last() -> {
                encodeIfReady(tx, run);
                completeIfReady(tx, run);
            }
            default -> {}
        }
    }

    /// Actions of this service itself are audited by the code that handles the request.
    private static void audit(CloudEvent event, RunRef run, String by, Transaction tx) {
        if (event.data() instanceof DatasetReady ready) {
            Audit.note(tx.sql(), "published", run.id(), by, "dataset " + ready.dataset());
        } else if (event.data() instanceof RunCancelled cancelled
                && !event.source().equals(Actor.THIS_SERVICE)
                && tx.hasEndedWith(run.id(), event.type())) {
            Audit.note(tx.sql(), "cancelled", run.id(), by, cancelled.reason());
        }
    }

    private static void encodeIfReady(Transaction tx, RunRef run) {
        RunState.encodingInput(tx.sql(), run.id())
                .ifPresent(input -> tx.add(new Job.New(run, PlanEncoding.KIND, "all", input)));
    }

    /// Completion is a separate job, so that the transaction of the last missing fact does not also end the run.
    static void completeIfReady(Transaction tx, RunRef run) {
        if (RunState.isReadyToComplete(tx.sql(), run.id())) {
            tx.add(new Job.New(run, CompleteRun.KIND, "all", null));
        }
    }
}
