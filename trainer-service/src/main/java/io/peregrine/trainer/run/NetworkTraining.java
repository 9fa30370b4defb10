package io.peregrine.trainer.run;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.vision.nn.Batch;
import io.peregrine.vision.nn.TrainableNetwork;
import io.peregrine.vision.optim.Training;
import io.peregrine.vision.optim.Training.Outcome;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Training of one network, from its initial weights or from a snapshot; both end in the same bytes.
///
/// Each epoch uses all rows in a new random order; a short last batch is kept. Pixel values are 0 to 255. Not
/// thread-safe.
public final class NetworkTraining implements AutoCloseable {
    /// Failure code for an infinite or NaN loss.
    public static final String LOSS_NOT_FINITE = "LOSS_NOT_FINITE";

    private final TrainSpec spec;
    private final TrainingData data;
    private final boolean classifies;
    private final TrainingState state;
    private final Training training;
    private final Evaluation evaluation;
    private final LearningRateSchedule rates;

    /// Starts a training.
    ///
    /// @throws FailureException INPUT `NOTHING_TO_LEARN_FROM`, without training rows; `NO_SUCH_DEVICE`, if the
    ///     device that the specification requires is missing
    public NetworkTraining(TrainableNetwork network, TrainSpec spec, TrainingData data) {
        this(spec, nonEmpty(data), TrainingState.fresh(network, spec));
    }

    /// Starts a training from weights that a user supplies. The optimizer starts without history.
    ///
    /// @throws FailureException INPUT `INITIAL_WEIGHTS_MISMATCH`, if the weights do not match the network
    public static NetworkTraining from(
            Safetensors weights, TrainableNetwork network, TrainSpec spec, TrainingData data) {
        return new NetworkTraining(spec, nonEmpty(data), TrainingState.given(network, spec, weights));
    }

    /// Resumes from a snapshot written by [#write].
    public NetworkTraining(TrainableNetwork network, TrainSpec spec, TrainingData data, Safetensors saved) {
        this(spec, nonEmpty(data), TrainingState.read(network, spec, saved));
    }

    private NetworkTraining(TrainSpec spec, TrainingData data, TrainingState state) {
        this.spec = spec;
        this.data = data;
        this.state = state;
        this.classifies = state.weights().network().classifies();
        double norm = spec.options().maxGradNorm();
        this.training = new Training(state.weights(), state.optimizer(), norm == 0 ? Double.POSITIVE_INFINITY : norm);
        this.evaluation = new Evaluation(training, data, spec.batchSize(), classifies);
        this.rates = new LearningRateSchedule(spec.options(), (long) spec.epochs() * batches());
    }

    private static TrainingData nonEmpty(TrainingData data) {
        if (data.train().count() == 0) {
            throw FailureException.input(
                    "NOTHING_TO_LEARN_FROM", "the balanced set has no row to train on; check the splits");
        }
        return data;
    }

    /// @return current progress of the training
    public TrainingProgress position() {
        return state.progress();
    }

    /// @return whether all epochs are over, or the validation loss has not improved for `patience` epochs
    public boolean isOver() {
        return position().isOver(spec, data.validation().count() > 0);
    }

    private Augmentation augmentation() {
        return spec.options().augmentation() == AugmentationPolicy.NONE
                ? null
                : new Augmentation(
                        spec.options().augmentation(), spec.seed(), position().epoch(), data.side());
    }

    /// @return device of the computation, such as `cpu` or `gpu0`
    public String device() {
        return state.weights().device();
    }

    /// @return one sentence if a resumed training used another engine, processor or device before; its last bits
    ///     may then differ from those of an uninterrupted training
    public Optional<String> environmentChange() {
        return state.environmentChange();
    }

    /// @return seconds that the optimizer has taken over all steps
    double optimizerSeconds() {
        return state.optimizer().seconds();
    }

    /// @return batches per epoch
    public int batches() {
        return BatchFeed.count(data.train().count(), spec.batchSize());
    }

    /// Trains to the end of the current epoch, then measures. After an interruption, even during the last
    /// measurement, the progress can be saved and resumed.
    ///
    /// @param between called between batches that are only measured; an exception ends the training
    public EpochResult epoch(BatchListener listener, Runnable between) {
        long began = System.nanoTime();
        long seenBefore = position().seen();
        trainRemainingBatches(listener);
        TrainingProgress trained = position();
        Map<String, Double> measures = new LinkedHashMap<>();
        measures.put("loss", trained.lossSum() / trained.seen());
        if (classifies) {
            measures.put("accuracy", (double) trained.correct() / trained.seen());
        }
        if (trained.seen() > seenBefore) {
            measures.put("imagesPerSecond", (trained.seen() - seenBefore) / ((System.nanoTime() - began) / 1e9));
        }
        measures.putAll(evaluation.validate(between));
        double loss = measures.getOrDefault(Evaluation.VALIDATION_LOSS, measures.get("loss"));
        TrainingProgress next = trained.nextEpoch(loss);
        Tested test = next.isOver(spec, data.validation().count() > 0) ? test(between) : null;
        state.progress(next);
        return new EpochResult(trained.epoch(), loss < trained.bestLoss(), measures, test);
    }

    private void trainRemainingBatches(BatchListener listener) {
        int[] order = position().order(spec.seed(), data.train().count());
        try (BatchFeed feed = new BatchFeed(
                data.train(),
                data.pixels(),
                data.side(),
                order,
                spec.batchSize(),
                position().batch(),
                augmentation())) {
            while (feed.hasNext()) {
                Batch batch = feed.next();
                long stepBegan = System.nanoTime();
                TrainingProgress before = position();
                Outcome outcome = training.step(batch, before.dropoutSeed(spec.seed()), rates.factor(before.steps()));
                mustBeFinite(outcome.loss());
                state.progress(before.after(outcome.loss(), correct(batch, outcome), batch.count()));
                listener.afterBatch(position(), batches(), batch.count(), (System.nanoTime() - stepBegan) / 1e9);
            }
        }
    }

    private void mustBeFinite(double loss) {
        if (!Double.isFinite(loss)) {
            throw FailureException.input(
                    LOSS_NOT_FINITE,
                    "the loss of %s became %s in epoch %d, step %d; use a learning rate below %s"
                            .formatted(
                                    spec.preset(),
                                    loss,
                                    position().epoch(),
                                    position().batch() + 1,
                                    spec.learningRate()));
        }
    }

    private static long correct(Batch batch, Outcome outcome) {
        return IntStream.range(0, outcome.predicted().length)
                .filter(row -> outcome.predicted()[row] == batch.label(row))
                .count();
    }

    /// @param between called before each batch; an exception ends the measurement
    /// @return results of the network in its current state on the test rows
    Tested test(Runnable between) {
        return evaluation.test(between);
    }

    /// Adds the weights under their `state_dict` names, as in a checkpoint.
    public void writeWeights(SafetensorsWriter file) {
        state.writeWeights(file);
    }

    /// Adds everything that a resume needs: weights, moments, progress.
    public void write(SafetensorsWriter file) {
        state.write(file);
    }

    @Override
    public void close() {
        state.close();
    }
}
