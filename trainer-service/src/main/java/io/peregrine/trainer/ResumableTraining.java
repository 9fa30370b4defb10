package io.peregrine.trainer;

import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.Stage;
import io.peregrine.trainer.run.EpochResult;
import io.peregrine.trainer.run.NetworkTraining;
import io.peregrine.trainer.run.SaveInterval;
import io.peregrine.trainer.run.TrainingProgress;
import io.peregrine.trainer.run.TrainingSnapshots;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobStoppedException;
import io.peregrine.work.jobs.Transaction;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/// Training of one network during one lease of its job. It saves a snapshot every few seconds and after each
/// epoch, so that another lease can resume it. It releases its worker when another run waits. Not thread-safe.
final class ResumableTraining {
    private static final Logger LOG = Logger.getLogger(ResumableTraining.class);

    private final JobContext job;
    private final TrainingOrder order;
    private final NetworkTraining training;
    private final TrainingSnapshots snapshots;
    private final SaveInterval interval;
    private final Duration slice;
    private final CheckpointPublisher checkpoints;
    private final TrainerMeters meters;
    /// After a failed save, the next batch does not try again.
    private boolean saved = true;

    /// @param training new or resumed; closed by the caller
    /// @param snapshots of the job
    /// @param config with the interval of saves and the slice
    ResumableTraining(
            JobContext job,
            TrainingOrder order,
            NetworkTraining training,
            TrainingSnapshots snapshots,
            TrainerConfig config,
            CheckpointPublisher checkpoints,
            TrainerMeters meters) {
        this.job = job;
        this.order = order;
        this.training = training;
        this.snapshots = snapshots;
        this.interval = new SaveInterval(config.saveEvery(), System.nanoTime());
        this.slice = config.slice();
        this.checkpoints = checkpoints;
        this.meters = meters;
    }

    /// Trains to the end and completes the job.
    ///
    /// @throws JobStoppedException if the run has ended, the lease was lost, the service stops, or another run's
    ///     turn comes first
    void run() {
        while (!training.isOver()) {
            EpochResult end = epoch();
            meters.epoch(order.network(), end);
            publish(end);
        }
    }

    /// When the service stops, the current state is saved, so that no batch is trained twice.
    private EpochResult epoch() {
        saved = true;
        try {
            return training.epoch(this::afterBatch, job::check);
        } catch (JobStoppedException stopped) {
            if (stopped.reason() == JobStoppedException.Reason.SERVICE_STOPS) {
                saveIfPossible();
            }
            throw stopped;
        }
    }

    private void afterBatch(TrainingProgress position, int batches, int rows, double seconds) {
        job.check();
        meters.step(order.network(), position, order.spec(), rows, seconds);
        job.progress(() -> progress(position, batches));
        boolean yields = job.shouldYield(slice);
        if (interval.isDue(System.nanoTime()) || (yields && saved)) {
            saved = saveIfPossible();
            if (yields && saved) {
                throw job.yielded();
            }
        }
    }

    private void publish(EpochResult end) {
        CheckpointPublished checkpoint = checkpoints.store(job, order, training, end);
        if (end.last()) {
            job.complete(tx -> {
                tx.publish(allDone(end), order.network().jsonName() + "/all");
                checkpoints.publish(job, checkpoint, tx);
            });
        } else {
            WaitForDisk.until(job, () -> {
                save(tx -> checkpoints.publish(job, checkpoint, tx));
                return null;
            });
        }
    }

    /// @param facts written in the same transaction
    private void save(Consumer<Transaction> facts) {
        long began = System.nanoTime();
        SafetensorsWriter state = new SafetensorsWriter();
        training.write(state);
        TrainingSnapshots.Saved snapshot = snapshots.write(training.position(), state);
        job.checkpoint(snapshots.row(snapshot), facts);
        snapshots.nowNamed(snapshot);
        interval.saved(began, System.nanoTime());
    }

    /// A failed save does not stop the training: it continues, and the next save tries again.
    ///
    /// @return whether the state was saved
    private boolean saveIfPossible() {
        long began = System.nanoTime();
        try {
            save(tx -> {});
            return true;
        } catch (FailureException failure) {
            if (failure.kind() != FailureKind.RESOURCE) {
                throw failure;
            }
            LOG.warnf("Training continues without saving %s: %s", order.where(), failure.getMessage());
            interval.saved(began, System.nanoTime());
            return false;
        }
    }

    private StageProgressed progress(TrainingProgress position, int batches) {
        long done = (position.epoch() - 1L) * batches + position.batch();
        return progress(done, position.epoch(), position.lossSum() / position.seen());
    }

    private StageProgressed allDone(EpochResult end) {
        return progress(allBatches(), end.epoch(), end.measures().get("loss"));
    }

    private StageProgressed progress(long batches, int epoch, double loss) {
        return new StageProgressed(
                order.run(),
                Stage.TRAIN,
                order.network().jsonName(),
                batches,
                allBatches(),
                "batches",
                Map.of("epoch", (double) epoch, "loss", loss));
    }

    private long allBatches() {
        return (long) order.spec().epochs() * training.batches();
    }
}
