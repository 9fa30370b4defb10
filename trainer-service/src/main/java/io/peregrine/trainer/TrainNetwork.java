package io.peregrine.trainer;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec;
import io.peregrine.events.RunSpec.Init;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.trainer.TrainerMeters.Beginning;
import io.peregrine.trainer.postgres.CheckpointTable;
import io.peregrine.trainer.run.NetworkTraining;
import io.peregrine.trainer.run.NetworkTraining.EpochResult;
import io.peregrine.trainer.run.NetworkTraining.TrainingData;
import io.peregrine.trainer.run.Networks;
import io.peregrine.trainer.run.PriorCorrection;
import io.peregrine.trainer.run.SaveInterval;
import io.peregrine.trainer.run.TrainingMemory;
import io.peregrine.trainer.run.TrainingProgress;
import io.peregrine.trainer.run.TrainingRows;
import io.peregrine.trainer.run.TrainingSnapshots;
import io.peregrine.vision.TorchEngine;
import io.peregrine.vision.TrainableNetwork;
import io.peregrine.work.Database;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import io.peregrine.work.JobQueries;
import io.peregrine.work.JobStoppedException;
import io.peregrine.work.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/// Trains one network of a run. The state is saved every few seconds and a checkpoint is published after each
/// epoch. Only the best and the newest checkpoint are kept. The test split is measured once, at the end.
@ApplicationScoped
class TrainNetwork implements JobHandler {
    static final String KIND = "train";

    private static final Logger LOG = Logger.getLogger(TrainNetwork.class);

    private final ArtifactStore store;
    private final TrainerConfig config;
    private final TrainerMeters meters;
    private final Database database;
    private final ExpiredCheckpoints expired;

    TrainNetwork(
            ArtifactStore store,
            TrainerConfig config,
            TrainerMeters meters,
            Database database,
            ExpiredCheckpoints expired) {
        this.store = store;
        this.config = config;
        this.meters = meters;
        this.database = database;
        this.expired = expired;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public String home() {
        return TrainingSnapshots.home(config.state());
    }

    @Override
    public void work(JobContext job) throws IOException {
        DatasetBalanced balanced = EventCodec.json().treeToValue(job.job().payload(), DatasetBalanced.class);
        Network network = Network.valueOf(job.job().key().toUpperCase(java.util.Locale.ROOT));
        RunSpec run = RunSpec.read(Files.readAllBytes(store.open(balanced.run().spec())));
        TrainSpec spec = network == Network.CLASSIFIER ? run.classifier() : run.autoencoder();
        Manifest manifest = Manifest.open(store, balanced.manifest());
        List<ClassBalance> classes = ClassBalance.open(store, balanced.balance());
        TrainingSnapshots.sweep(config.state(), openJobs()::contains);
        TrainingSnapshots files = new TrainingSnapshots(
                config.state().resolve(folder(job.job())),
                job.job().fence(),
                origin(balanced),
                job.job().state());
        TorchEngine.load(config.threads().orElse(Runtime.getRuntime().availableProcessors()));
        TrainableNetwork wanted =
                Networks.of(spec, manifest.side(), manifest.classes().size(), weights(classes));
        if (!TorchEngine.device(spec.device()).isGpu()) {
            TrainingMemory.mustFit(wanted, spec, manifest.side(), TrainingMemory.available());
        }
        try (PixelRows pixels = new PixelRows(store, manifest);
                NetworkTraining training = open(
                        job.job(),
                        files,
                        network,
                        wanted,
                        spec,
                        trainingData(network, balanced, classes, manifest, pixels))) {
            meters.device(network, training.device(), TorchEngine.threads());
            boolean fallsBack =
                    spec.device().equals(TrainSpec.AUTO) && training.device().equals("cpu");
            LOG.infof(
                    "training started device=%s%s run=%s network=%s threads=%d",
                    training.device(),
                    fallsBack ? " reason=no-gpu" : "",
                    balanced.run().id(),
                    network.jsonName(),
                    TorchEngine.threads());
            train(new Task(
                    job,
                    balanced,
                    network,
                    spec,
                    training,
                    files,
                    new SaveInterval(config.saveEvery(), System.nanoTime())));
            files.delete();
        } catch (FailureException failure) {
            if (failure.code().equals(NetworkTraining.LOSS_NOT_FINITE)) {
                meters.diverged(network);
            }
            throw failure;
        } catch (JobStoppedException stopped) {
            if (stopped.reason() == JobStoppedException.Reason.RUN_ENDED) {
                files.delete();
            }
            throw stopped;
        } finally {
            meters.removeGauges(network);
        }
    }

    private static String folder(Job job) {
        return folder(job.run().id(), job.key());
    }

    private static String folder(String run, String key) {
        return run + "-" + key;
    }

    /// The specification's digest also covers the initial weights.
    private static Map<String, String> origin(DatasetBalanced balanced) {
        return Map.of(
                "spec", balanced.run().spec().sha256(),
                "manifest", balanced.manifest().tensors().sha256(),
                "recipes", balanced.shards().stream().map(ArtifactRef::sha256).collect(Collectors.joining(" ")));
    }

    private Set<String> openJobs() {
        return database.jdbi().withHandle(sql -> JobQueries.open(sql, KIND, TrainNetwork::folder));
    }

    /// @return weight of each class in label order; null if all images have the same weight
    private static float[] weights(List<ClassBalance> classes) {
        if (classes.stream().allMatch(one -> one.weight() == null)) {
            return null;
        }
        float[] weights = new float[classes.size()];
        for (int label = 0; label < weights.length; label++) {
            Double weight = classes.get(label).weight();
            // A class without training images has no weight, and none is needed.
            weights[label] = weight == null ? 1 : weight.floatValue();
        }
        return weights;
    }

    /// The classifier trains on all rows, the autoencoder only on rows of real images.
    private TrainingData trainingData(
            Network network,
            DatasetBalanced balanced,
            List<ClassBalance> classes,
            Manifest manifest,
            PixelRows pixels) {
        List<RecipeShard> shards = balanced.shards().stream()
                .map(ref -> RecipeShard.open(store, ref))
                .toList();
        long real = classes.stream().mapToLong(ClassBalance::real).sum();
        return new TrainingData(
                pixels,
                manifest.side(),
                manifest.classes().size(),
                network == Network.CLASSIFIER ? TrainingRows.ofShards(shards) : TrainingRows.ofRealRows(shards, real),
                TrainingRows.ofSplit(manifest, Split.VALIDATION),
                TrainingRows.ofSplit(manifest, Split.TEST),
                PriorCorrection.of(classes));
    }

    /// Resumes from the newest valid snapshot. Rejected snapshots and a restart from scratch are logged.
    private NetworkTraining open(
            Job job,
            TrainingSnapshots files,
            Network wanted,
            TrainableNetwork network,
            TrainSpec spec,
            TrainingData trainingData) {
        TrainingSnapshots.Found found = files.find();
        String where = "run=%s network=%s".formatted(job.run().id(), wanted.jsonName());
        found.rejected().forEach(fault -> LOG.warnf("Training snapshot rejected %s: %s", where, fault));
        if (found.file().isEmpty()) {
            if (job.state() != null) {
                LOG.warnf(
                        "No usable snapshot; restarting training from scratch %s: the result has the same bytes",
                        where);
            }
            Beginning first = spec.init() == null ? Beginning.START : Beginning.INIT;
            meters.started(wanted, job.state() == null ? first : Beginning.NONE);
            return begin(network, spec, trainingData);
        }
        try (Safetensors state = Safetensors.open(found.file().get())) {
            NetworkTraining training = new NetworkTraining(network, spec, trainingData, state);
            LOG.infof(
                    "training resumed %s epoch=%d batch=%d of=%d",
                    where, training.position().epoch(), training.position().batch(), training.batches());
            training.environmentChange().ifPresent(how -> LOG.warnf("training %s %s", where, how));
            meters.started(wanted, found.rejected().isEmpty() ? Beginning.LATEST : Beginning.PREVIOUS);
            return training;
        }
    }

    private NetworkTraining begin(TrainableNetwork network, TrainSpec spec, TrainingData trainingData) {
        return switch (spec.init()) {
            case null -> new NetworkTraining(network, spec, trainingData);
            case Init.Stored init -> {
                try (Safetensors weights = Safetensors.open(store, init.weights())) {
                    yield NetworkTraining.from(weights, network, spec, trainingData);
                }
            }
            case Init.File file ->
                throw FailureException.internal(
                        "INIT_NOT_STORED", "run.json names the file %s".formatted(file.uri()), null);
        };
    }

    private void train(Task task) {
        while (!task.training().isOver()) {
            EpochResult end = epoch(task);
            meters.epoch(task.network(), end);
            publish(task, end);
        }
    }

    /// When the service stops, the current state is saved, so that no batch is trained twice.
    private EpochResult epoch(Task task) {
        boolean[] isSaved = {true};
        try {
            return task.training()
                    .epoch(
                            (position, batches, rows, seconds) -> {
                                task.job().check();
                                meters.step(task.network(), position, task.spec(), rows, seconds);
                                task.job().progress(() -> task.progress(position, batches));
                                boolean yields = task.job().shouldYield(config.slice());
                                // After a failed save, the next batch does not try to save again.
                                if (task.times().isDue(System.nanoTime()) || (yields && isSaved[0])) {
                                    isSaved[0] = task.saveIfPossible();
                                    if (yields && isSaved[0]) {
                                        throw task.job().yielded();
                                    }
                                }
                            },
                            task.job()::check);
        } catch (JobStoppedException stopped) {
            if (stopped.reason() == JobStoppedException.Reason.SERVICE_STOPS) {
                task.saveIfPossible();
            }
            throw stopped;
        }
    }

    private void publish(Task task, EpochResult end) {
        SafetensorsWriter weights =
                new SafetensorsWriter().metadata("preset", task.spec().preset());
        task.training().writeWeights(weights);
        ArtifactRef checkpoint =
                WaitForDisk.until(task.job(), () -> task.job().publish("checkpoint", "safetensors", weights::writeTo));
        meters.checkpoint(task.network(), checkpoint);
        CheckpointPublished event = new CheckpointPublished(
                task.run(),
                task.network(),
                end.epoch(),
                task.spec().epochs(),
                end.best(),
                end.last(),
                checkpoint,
                end.measures(),
                end.test() == null ? null : end.test().measures(results(task, end)));
        if (end.last()) {
            task.job().complete(tx -> {
                tx.publish(task.allDone(end), task.network().jsonName() + "/all");
                publish(task, event, tx);
            });
        } else {
            WaitForDisk.until(task.job(), () -> {
                task.save(tx -> publish(task, event, tx));
                return null;
            });
        }
    }

    private void publish(Task task, CheckpointPublished checkpoint, Transaction tx) {
        if (task.publishCheckpoint(checkpoint, tx)) {
            tx.afterCommit(expired::markPending);
        }
    }

    private static ArtifactRef results(Task task, EpochResult end) {
        return end.test().byClass() == null ? null : end.test().byClass().publish(task.job());
    }

    /// Training of one network during one lease of its job.
    private record Task(
            JobContext job,
            DatasetBalanced balanced,
            Network network,
            TrainSpec spec,
            NetworkTraining training,
            TrainingSnapshots files,
            SaveInterval times) {
        RunRef run() {
            return balanced.run();
        }

        /// @param facts written in the same transaction
        void save(Consumer<Transaction> facts) {
            long began = System.nanoTime();
            SafetensorsWriter state = new SafetensorsWriter();
            training.write(state);
            TrainingSnapshots.Saved saved = files.write(training.position(), state);
            job.checkpoint(files.row(saved), facts);
            files.nowNamed(saved);
            times.saved(began, System.nanoTime());
        }

        /// A failed save does not stop the training: it continues, and the next save tries again.
        ///
        /// @return whether the state was saved
        boolean saveIfPossible() {
            long began = System.nanoTime();
            try {
                save(tx -> {});
                return true;
            } catch (FailureException failure) {
                if (failure.kind() != FailureKind.RESOURCE) {
                    throw failure;
                }
                LOG.warnf(
                        "Training continues without saving run=%s network=%s: %s",
                        run().id(), network.jsonName(), failure.getMessage());
                times.saved(began, System.nanoTime());
                return false;
            }
        }

        /// Publishes a checkpoint and expires the network's checkpoints that are neither best nor newest.
        ///
        /// @return whether any expired
        boolean publishCheckpoint(CheckpointPublished checkpoint, Transaction tx) {
            // The end has an event id of its own: an earlier training that ran longer may have published this
            // epoch.
            tx.publish(checkpoint, network.jsonName() + "/" + (checkpoint.last() ? "last" : checkpoint.epoch()));
            return job.retainOnly(tx, CheckpointTable.published(tx.sql(), checkpoint));
        }

        StageProgressed progress(TrainingProgress position, int batches) {
            long done = (position.epoch() - 1L) * batches + position.batch();
            return progress(done, position.epoch(), position.lossSum() / position.seen());
        }

        StageProgressed allDone(EpochResult end) {
            return progress(
                    (long) spec.epochs() * training.batches(),
                    end.epoch(),
                    end.measures().get("loss"));
        }

        private StageProgressed progress(long batches, int epoch, double loss) {
            return new StageProgressed(
                    run(),
                    Stage.TRAIN,
                    network.jsonName(),
                    batches,
                    (long) spec.epochs() * training.batches(),
                    "batches",
                    Map.of("epoch", (double) epoch, "loss", loss));
        }
    }
}
