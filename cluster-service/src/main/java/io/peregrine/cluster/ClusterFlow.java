package io.peregrine.cluster;

import io.peregrine.cluster.postgres.Catalogue;
import io.peregrine.cluster.postgres.RunState;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.RunRef;
import io.peregrine.work.Inbox;
import io.peregrine.work.Job;
import io.peregrine.work.Transaction;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/// Hears everything and keeps the catalogue. Once a run's manifest and its final autoencoder are known, its
/// pictures are encoded, pack by pack ([PlanEncoding], [EncodePack]), then clustered ([AnalyseRun]); once clusters
/// and both final checkpoints are in, the run is completed ([CompleteRun]). Whatever the order: rows complete each
/// step.
@ApplicationScoped
class ClusterFlow {
    private final Inbox inbox;

    ClusterFlow(Inbox inbox) {
        this.inbox = inbox;
    }

    @Incoming("datasets")
    @Blocking
    void datasets(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, ClusterFlow::note);
    }

    @Incoming("images")
    @Blocking
    void images(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, ClusterFlow::note);
    }

    @Incoming("shards")
    @Blocking
    void shards(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, ClusterFlow::note);
    }

    @Incoming("checkpoints")
    @Blocking
    void checkpoints(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, ClusterFlow::note);
    }

    @Incoming("runs")
    @Blocking
    void runs(ConsumerRecord<String, byte[]> record) {
        inbox.hear(record, ClusterFlow::note);
    }

    private static void note(CloudEvent event, Transaction tx) {
        RunRef run = Catalogue.runOf(event);
        // Always this lock before the one on the run's row, or two transactions could wait for each other.
        tx.hasEnded(run.id());
        if (event.data() instanceof RunDeleted) {
            Catalogue.forget(tx.sql(), run.id());
            return;
        }
        Catalogue.record(tx.sql(), event);
        switch (event.data()) {
            case DatasetSealed sealed -> encodeWhenReady(tx, run);
            case DatasetBalanced balanced -> encodeWhenReady(tx, run);
            case CheckpointPublished checkpoint
            when checkpoint.last() -> {
                encodeWhenReady(tx, run);
                completeWhenWhole(tx, run);
            }
            default -> {}
        }
    }

    private static void encodeWhenReady(Transaction tx, RunRef run) {
        RunState.encodingInput(tx.sql(), run.id())
                .ifPresent(input -> tx.add(new Job.New(run, PlanEncoding.KIND, "all", input)));
    }

    /// Completion is a job of its own, so that what makes a run whole need not lock its end.
    static void completeWhenWhole(Transaction tx, RunRef run) {
        if (RunState.isWhole(tx.sql(), run.id())) {
            tx.add(new Job.New(run, CompleteRun.KIND, "all", null));
        }
    }
}
