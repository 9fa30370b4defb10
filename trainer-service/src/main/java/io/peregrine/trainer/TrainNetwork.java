package io.peregrine.trainer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Failure;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClassBalance;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.RunSpec;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.trainer.run.NetworkTraining;
import io.peregrine.trainer.run.NetworkTraining.EpochEnd;
import io.peregrine.trainer.run.NetworkTraining.Material;
import io.peregrine.trainer.run.ResumeFiles;
import io.peregrine.trainer.run.TrainingRows;
import io.peregrine.vision.SeedAutoencoder;
import io.peregrine.vision.SeedCnn;
import io.peregrine.vision.Torch;
import io.peregrine.vision.TrainableNetwork;
import io.peregrine.work.Database;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import io.peregrine.work.JobStopped;
import io.peregrine.work.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Trains one network of a run: an epoch at a time, saved every few seconds, a checkpoint after each epoch,
/// measured once on the test split at the end.
@ApplicationScoped
class TrainNetwork implements JobHandler {
    static final String KIND = "train";

    private final ArtifactStore store;
    private final TrainerConfig config;
    private final TrainerMeters meters;
    private final Database database;

    TrainNetwork(ArtifactStore store, TrainerConfig config, TrainerMeters meters, Database database) {
        this.store = store;
        this.config = config;
        this.meters = meters;
        this.database = database;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext job) throws IOException {
        DatasetBalanced balanced = EventCodec.json().treeToValue(job.job().payload(), DatasetBalanced.class);
        Network network = Network.valueOf(job.job().key().toUpperCase(java.util.Locale.ROOT));
        RunSpec run = RunSpec.read(Files.readAllBytes(store.open(balanced.run().spec())));
        TrainSpec spec = network == Network.CLASSIFIER ? run.classifier() : run.autoencoder();
        Manifest manifest = Manifest.open(store, balanced.manifest());
        ResumeFiles.sweep(config.state(), openJobs()::contains);
        ResumeFiles files = new ResumeFiles(config.state().resolve(folder(job.job())));
        Torch.load(config.threads().orElse(Runtime.getRuntime().availableProcessors()));
        try (PixelRows pixels = new PixelRows(store, manifest);
                NetworkTraining training = open(
                        job,
                        files,
                        network(network, spec, manifest, balanced),
                        spec,
                        material(network, balanced, manifest, pixels))) {
            meters.device(network, training.device(), Torch.threads());
            train(job, balanced, network, spec, training, files);
            files.forget();
        } catch (Failure failure) {
            if (failure.code().equals(NetworkTraining.LOSS_NOT_FINITE)) {
                meters.diverged(network);
            }
            throw failure;
        } catch (JobStopped stopped) {
            if (stopped.reason() == JobStopped.Reason.RUN_ENDED) {
                files.forget();
            }
            throw stopped;
        } finally {
            meters.over(network);
        }
    }

    private static String folder(Job job) {
        return job.run().id() + "-" + job.key();
    }

    private Set<String> openJobs() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select run || '-' || key from job where kind = :kind and state in ('queued', 'running')""")
                        .bind("kind", KIND)
                        .mapTo(String.class)
                        .set());
    }

    private static TrainableNetwork network(
            Network network, TrainSpec spec, Manifest manifest, DatasetBalanced balanced) {
        return switch (network) {
            case CLASSIFIER ->
                new SeedCnn(manifest.side(), manifest.classes().size(), spec.dropout(), weights(balanced));
            case AUTOENCODER -> new SeedAutoencoder(manifest.side(), spec.latent());
        };
    }

    /// @return of each class in label order; null where every picture counts alike
    private static float[] weights(DatasetBalanced balanced) {
        if (balanced.classes().stream().allMatch(one -> one.weight() == null)) {
            return null;
        }
        float[] weights = new float[balanced.classes().size()];
        for (int label = 0; label < weights.length; label++) {
            Double weight = balanced.classes().get(label).weight();
            // A class without a training picture has no weight, and none is asked for.
            weights[label] = weight == null ? 1 : weight.floatValue();
        }
        return weights;
    }

    /// The classifier learns from every row, the autoencoder from the real ones.
    private Material material(Network network, DatasetBalanced balanced, Manifest manifest, PixelRows pixels) {
        List<RecipeShard> shards = balanced.shards().stream()
                .map(ref -> RecipeShard.open(store, ref))
                .toList();
        long real = balanced.classes().stream().mapToLong(ClassBalance::real).sum();
        return new Material(
                pixels,
                manifest.side(),
                manifest.classes().size(),
                network == Network.CLASSIFIER ? TrainingRows.ofShards(shards) : TrainingRows.ofRealRows(shards, real),
                TrainingRows.ofSplit(manifest, Split.VALIDATION),
                TrainingRows.ofSplit(manifest, Split.TEST));
    }

    private static NetworkTraining open(
            JobContext job, ResumeFiles files, TrainableNetwork network, TrainSpec spec, Material material) {
        Optional<String> saved = Optional.ofNullable(job.job().state()).map(name -> new String(name, UTF_8));
        var file = saved.flatMap(files::find);
        if (file.isEmpty()) {
            return new NetworkTraining(network, spec, material);
        }
        try (Safetensors state = Safetensors.open(file.get())) {
            return new NetworkTraining(network, spec, material, state);
        }
    }

    private void train(
            JobContext job,
            DatasetBalanced balanced,
            Network network,
            TrainSpec spec,
            NetworkTraining training,
            ResumeFiles files) {
        long[] savedAt = {System.nanoTime()};
        while (!training.isOver()) {
            EpochEnd end = training.epoch(
                    (position, batches, rows, seconds) -> {
                        job.check();
                        meters.step(network, position, spec, rows, seconds);
                        long done = (position.epoch() - 1L) * batches + position.batch();
                        job.progress(new StageProgressed(
                                balanced.run(),
                                Stage.TRAIN,
                                network.wire(),
                                done,
                                (long) spec.epochs() * batches,
                                "batches",
                                Map.of(
                                        "epoch",
                                        (double) position.epoch(),
                                        "loss",
                                        position.lossSum() / position.seen())));
                        if (System.nanoTime() - savedAt[0] > config.saveEvery().toNanos()
                                && position.batch() < batches) {
                            save(job, files, training, tx -> {});
                            savedAt[0] = System.nanoTime();
                        }
                    },
                    job::check);
            meters.epoch(network, end);
            publish(job, balanced, network, spec, training, files, end);
            savedAt[0] = System.nanoTime();
        }
    }

    private static void save(JobContext job, ResumeFiles files, NetworkTraining training, Consumer<Transaction> facts) {
        SafetensorsWriter state = new SafetensorsWriter();
        training.write(state);
        String name = files.write(training.position(), state);
        job.save(name.getBytes(UTF_8), facts);
        files.nowNamed(name);
    }

    private void publish(
            JobContext job,
            DatasetBalanced balanced,
            Network network,
            TrainSpec spec,
            NetworkTraining training,
            ResumeFiles files,
            EpochEnd end) {
        boolean last = training.isOver();
        TestMeasures test = last ? training.test(job::check) : null;
        SafetensorsWriter weights = new SafetensorsWriter().metadata("preset", spec.preset());
        training.writeWeights(weights);
        ArtifactRef checkpoint = store.publish("checkpoint", "safetensors", weights::writeTo);
        meters.checkpoint(network, checkpoint);
        CheckpointPublished event = new CheckpointPublished(
                balanced.run(),
                network,
                end.epoch(),
                spec.epochs(),
                end.best(),
                last,
                checkpoint,
                end.measures(),
                test);
        String ordinal = network.wire() + "/" + end.epoch();
        if (last) {
            long batches = training.batches();
            job.done(tx -> {
                tx.say(
                        new StageProgressed(
                                balanced.run(),
                                Stage.TRAIN,
                                network.wire(),
                                spec.epochs() * batches,
                                spec.epochs() * batches,
                                "batches",
                                Map.of(
                                        "epoch",
                                        (double) end.epoch(),
                                        "loss",
                                        end.measures().get("loss"))),
                        network.wire() + "/all");
                tx.say(event, ordinal);
            });
        } else {
            save(job, files, training, tx -> tx.say(event, ordinal));
        }
    }
}
