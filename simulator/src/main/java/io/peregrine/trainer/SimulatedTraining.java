package io.peregrine.trainer;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.Stage;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.jobs.Transaction;
import java.util.Locale;
import java.util.Map;

/// Replaces [TrainNetwork], whose engine is native. It trains two epochs with a checkpoint after each. The
/// weights depend only on the manifest, the recipes and the network. It publishes, saves and ends like the real
/// handler.
final class SimulatedTraining implements JobHandler {
    private static final int EPOCHS = 2;

    private final ArtifactStore store;

    SimulatedTraining(ArtifactStore store) {
        this.store = store;
    }

    @Override
    public String kind() {
        return TrainNetwork.KIND;
    }

    @Override
    public void work(JobContext job) throws Exception {
        DatasetBalanced balanced = EventCodec.json().treeToValue(job.job().payload(), DatasetBalanced.class);
        Network network = Network.valueOf(job.job().key().toUpperCase(Locale.ROOT));
        store.open(balanced.run().spec());
        Manifest.open(store, balanced.manifest());
        ClassBalance.open(store, balanced.balance());
        for (ArtifactRef shard : balanced.shards()) {
            RecipeShard.open(store, shard);
        }
        int reached = job.job().state() == null ? 0 : job.job().state()[0];
        job.progress(() -> progress(balanced, network, reached));
        for (int epoch = reached + 1; epoch <= EPOCHS; epoch++) {
            job.check();
            CheckpointPublished event = checkpoint(job, balanced, network, epoch);
            if (event.last()) {
                job.complete(tx -> {
                    tx.publish(progress(balanced, network, EPOCHS), network.jsonName() + "/all");
                    publish(job, event, tx);
                });
            } else {
                job.checkpoint(new byte[] {(byte) epoch}, tx -> publish(job, event, tx));
            }
        }
    }

    private CheckpointPublished checkpoint(JobContext job, DatasetBalanced balanced, Network network, int epoch) {
        boolean last = epoch == EPOCHS;
        SafetensorsWriter weights = new SafetensorsWriter()
                .metadata("manifest", balanced.manifest().tensors().sha256())
                .metadata("shards", balanced.shards().toString())
                .metadata("network", network.jsonName())
                .add("weight", new long[] {1}, new float[] {epoch});
        ArtifactRef ref = job.publish("checkpoint", "safetensors", weights::writeTo);
        Safetensors.open(store.open(ref)).close();
        return new CheckpointPublished(
                balanced.run(),
                network,
                epoch,
                EPOCHS,
                true,
                last,
                ref,
                Map.of("loss", 1.0 / epoch),
                last ? test(job, network) : null);
    }

    private static TestMeasures test(JobContext job, Network network) {
        ArtifactRef results = network == Network.CLASSIFIER
                ? new ClassResults.Counter(1).add(0, 0, 1).results().publish(job)
                : null;
        return new TestMeasures(1, 1d, 1d, 1d, 1, null, results);
    }

    /// In addition to the real trainer's rows, records which claim reached the epoch. The oracle checks that no
    /// stale claim did.
    private static void publish(JobContext job, CheckpointPublished event, Transaction tx) {
        tx.publish(event, event.network().jsonName() + "/" + (event.last() ? "last" : event.epoch()));
        job.retainOnly(tx, CheckpointTable.published(tx.sql(), event));
        tx.sql()
                .createUpdate(
                        "insert into simulated_epoch (run, network, epoch, fence) values (:run, :network, :epoch, :fence)")
                .bind("run", event.run().id())
                .bind("network", event.network().jsonName())
                .bind("epoch", event.epoch())
                .bind("fence", job.job().fence())
                .execute();
    }

    private static StageProgressed progress(DatasetBalanced balanced, Network network, int epoch) {
        return new StageProgressed(
                balanced.run(), Stage.TRAIN, network.jsonName(), epoch, EPOCHS, "batches", Map.of("epoch", (double)
                        epoch));
    }
}
