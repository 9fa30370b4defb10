package io.peregrine.trainer;

import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.FailureException;
import io.peregrine.events.Network;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.WeightsSource;
import io.peregrine.trainer.TrainerMeters.Beginning;
import io.peregrine.trainer.run.NetworkTraining;
import io.peregrine.trainer.run.TrainingData;
import io.peregrine.trainer.run.TrainingMemory;
import io.peregrine.trainer.run.TrainingSnapshots;
import io.peregrine.vision.engine.TorchEngine;
import io.peregrine.vision.nn.TrainableNetwork;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.jobs.JobQueries;
import io.peregrine.work.jobs.JobStoppedException;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.Set;
import org.jboss.logging.Logger;

/// Trains one network of a run. The state is saved every few seconds and a checkpoint is published after each
/// epoch. Only the best and the newest checkpoint are kept. The test split is measured once, at the end.
///
/// This class opens the training, from initial weights or from a snapshot, and cleans up after it.
/// [ResumableTraining] trains.
@ApplicationScoped
class TrainNetwork implements JobHandler {
    static final String KIND = "train";

    private static final Logger LOG = Logger.getLogger(TrainNetwork.class);

    private final ArtifactStore store;
    private final TrainerConfig config;
    private final TrainerMeters meters;
    private final Database database;
    private final CheckpointPublisher checkpoints;

    TrainNetwork(
            ArtifactStore store,
            TrainerConfig config,
            TrainerMeters meters,
            Database database,
            CheckpointPublisher checkpoints) {
        this.store = store;
        this.config = config;
        this.meters = meters;
        this.database = database;
        this.checkpoints = checkpoints;
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
        TrainingOrder order = TrainingOrder.open(store, job.job());
        TrainingSnapshots.sweep(config.state(), openJobs()::contains);
        TrainingSnapshots snapshots = new TrainingSnapshots(
                config.state().resolve(folder(job.job())),
                job.job().fence(),
                order.origin(),
                job.job().state());
        TorchEngine.load(config.threads().orElse(Runtime.getRuntime().availableProcessors()));
        TrainableNetwork network = order.untrained();
        if (!TorchEngine.device(order.spec().device()).isGpu()) {
            TrainingMemory.mustFit(network, order.spec(), order.manifest().side(), TrainingMemory.available());
        }
        try (PixelRows pixels = new PixelRows(store, order.manifest());
                NetworkTraining training = open(job.job(), snapshots, network, order, order.data(store, pixels))) {
            reportStart(order, training);
            new ResumableTraining(job, order, training, snapshots, config, checkpoints, meters).run();
            snapshots.delete();
        } catch (FailureException failure) {
            if (failure.code().equals(NetworkTraining.LOSS_NOT_FINITE)) {
                meters.diverged(order.network());
            }
            throw failure;
        } catch (JobStoppedException stopped) {
            if (stopped.reason() == JobStoppedException.Reason.RUN_ENDED) {
                snapshots.delete();
            }
            throw stopped;
        } finally {
            meters.removeGauges(order.network());
        }
    }

    private static String folder(Job job) {
        return folder(job.run().id(), job.key());
    }

    private static String folder(String run, String key) {
        return run + "-" + key;
    }

    private Set<String> openJobs() {
        return database.jdbi().withHandle(sql -> JobQueries.open(sql, KIND, TrainNetwork::folder));
    }

    private void reportStart(TrainingOrder order, NetworkTraining training) {
        Network network = order.network();
        meters.device(network, training.device(), TorchEngine.threads());
        boolean fallsBack = order.spec().device().equals(TrainSpec.AUTO)
                && training.device().equals("cpu");
        LOG.infof(
                "training started device=%s%s %s threads=%d",
                training.device(), fallsBack ? " reason=no-gpu" : "", order.where(), TorchEngine.threads());
    }

    /// Resumes from the newest valid snapshot. Rejected snapshots and a restart from scratch are logged.
    private NetworkTraining open(
            Job job, TrainingSnapshots snapshots, TrainableNetwork network, TrainingOrder order, TrainingData data) {
        TrainingSnapshots.Found found = snapshots.find();
        found.rejected().forEach(fault -> LOG.warnf("Training snapshot rejected %s: %s", order.where(), fault));
        if (found.file().isEmpty()) {
            return begin(job, network, order, data);
        }
        try (Safetensors state = Safetensors.open(found.file().get())) {
            NetworkTraining training = new NetworkTraining(network, order.spec(), data, state);
            LOG.infof(
                    "training resumed %s epoch=%d batch=%d of=%d",
                    order.where(),
                    training.position().epoch(),
                    training.position().batch(),
                    training.batches());
            training.environmentChange().ifPresent(how -> LOG.warnf("training %s %s", order.where(), how));
            meters.started(order.network(), found.rejected().isEmpty() ? Beginning.LATEST : Beginning.PREVIOUS);
            return training;
        }
    }

    private NetworkTraining begin(Job job, TrainableNetwork network, TrainingOrder order, TrainingData data) {
        TrainSpec spec = order.spec();
        if (job.state() != null) {
            LOG.warnf(
                    "No usable snapshot; restarting training from scratch %s: the result has the same bytes",
                    order.where());
        }
        Beginning first = spec.initialWeights() == null ? Beginning.START : Beginning.INITIAL_WEIGHTS;
        meters.started(order.network(), job.state() == null ? first : Beginning.NONE);
        return switch (spec.initialWeights()) {
            case null -> new NetworkTraining(network, spec, data);
            case WeightsSource.Stored stored -> {
                try (Safetensors weights = Safetensors.open(store, stored.weights())) {
                    yield NetworkTraining.from(weights, network, spec, data);
                }
            }
            case WeightsSource.File file ->
                throw FailureException.internal(
                        "INITIAL_WEIGHTS_NOT_STORED", "run.json names the file %s".formatted(file.uri()), null);
        };
    }
}
