package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunSpec.Augment;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.RunSpec.TrainingOptions;
import io.peregrine.vision.Batch;
import io.peregrine.vision.NetworkState;
import io.peregrine.vision.Optimizer;
import io.peregrine.vision.Parameter;
import io.peregrine.vision.TorchEngine;
import io.peregrine.vision.TrainableNetwork;
import io.peregrine.vision.Training;
import io.peregrine.vision.Training.Outcome;
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

    private static final String POSITION = "position.";
    private static final String PLACE = "place";

    /// Input data of one training.
    ///
    /// @param train rows to train on
    /// @param validation rows that select the best checkpoint; may be empty
    /// @param test rows measured once, at the end; may be empty
    /// @param shift correction to the class proportions before balancing
    public record TrainingData(
            PixelRows pixels,
            int side,
            int classes,
            TrainingRows train,
            TrainingRows validation,
            TrainingRows test,
            PriorCorrection shift) {}

    /// Called after each batch; an exception ends the training.
    @FunctionalInterface
    public interface BatchListener {
        /// @param batches batches per epoch
        /// @param rows rows of the batch just trained on
        void afterBatch(TrainingProgress position, int batches, int rows, double stepSeconds);
    }

    /// Result of an epoch.
    ///
    /// @param measures `loss`, `accuracy` (classifier), `imagesPerSecond` (absent if the training was resumed
    ///     after the epoch's last step); with a validation split also `validationLoss`, `validationAccuracy` and
    ///     `validationBalancedAccuracy`
    /// @param test results on the test split; null if the training continues after this epoch
    public record EpochResult(int epoch, boolean best, Map<String, Double> measures, Tested test) {
        /// @return whether the training is over
        public boolean last() {
            return test != null;
        }
    }

    private final TrainableNetwork network;
    private final TrainSpec spec;
    private final TrainingData material;
    private final boolean classifies;
    private final NetworkState state;
    private final Optimizer optimizer;
    private final Training training;
    private final String before;
    private TrainingProgress position;

    /// Starts a training.
    ///
    /// @throws FailureException INPUT `NO_SUCH_DEVICE`, if the device that the specification requires is missing
    public NetworkTraining(TrainableNetwork network, TrainSpec spec, TrainingData material) {
        this(network, spec, material, NetworkState.fresh(network, spec.seed()), TrainingProgress.start(), null);
    }

    /// Starts a training from weights that a user supplies. The optimizer starts without history.
    ///
    /// @throws FailureException INPUT `INIT_MISMATCH`, if the weights do not match the network
    public static NetworkTraining from(
            Safetensors weights, TrainableNetwork network, TrainSpec spec, TrainingData material) {
        return new NetworkTraining(
                network, spec, material, NetworkState.given(network, weights), TrainingProgress.start(), null);
    }

    /// Resumes from a snapshot written by [#write].
    public NetworkTraining(TrainableNetwork network, TrainSpec spec, TrainingData material, Safetensors saved) {
        this(
                network,
                spec,
                material,
                NetworkState.read(network, saved, ""),
                position(saved),
                saved.metadata().get(PLACE));
        optimizer.read(saved);
    }

    /// @param before engine and device of a resumed training so far; null if it is new or they are unknown
    private NetworkTraining(
            TrainableNetwork network,
            TrainSpec spec,
            TrainingData material,
            NetworkState state,
            TrainingProgress position,
            String before) {
        if (material.train().count() == 0) {
            state.close();
            throw FailureException.input(
                    "NOTHING_TO_LEARN_FROM", "the balanced set has no row to train on; check the splits");
        }
        this.network = network;
        this.spec = spec;
        this.material = material;
        this.classifies = network.classifies();
        this.state = state.on(spec.device());
        this.optimizer = Optimizer.of(this.state, spec.learningRate(), options().weightDecay());
        double norm = options().gradientNorm();
        this.training = new Training(this.state, optimizer, norm == 0 ? Double.POSITIVE_INFINITY : norm);
        this.position = position;
        this.before = before;
    }

    /// @return current progress of the training
    public TrainingProgress position() {
        return position;
    }

    private TrainingOptions options() {
        return spec.regimen();
    }

    /// @return whether all epochs are over, or the validation loss has not improved for `patience` epochs
    public boolean isOver() {
        return isOver(position);
    }

    private boolean isOver(TrainingProgress position) {
        boolean outOfPatience = options().patience() > 0
                && material.validation().count() > 0
                && position.sinceBest() >= options().patience();
        return position.epoch() > spec.epochs() || outOfPatience;
    }

    /// @return factor of the learning rate for the next step; it depends only on the step's number
    private double lrFactor() {
        long all = (long) spec.epochs() * batches();
        double warm = options().warmUp() * all;
        if (position.steps() < warm) {
            return Math.min(1, (position.steps() + 1) / warm);
        }
        return switch (options().schedule()) {
            case CONSTANT -> 1;
            case COSINE -> (1 + Math.cos(Math.PI * (position.steps() - warm) / (all - warm))) / 2;
        };
    }

    private Augmentation augmentation() {
        return options().augment() == Augment.NONE
                ? null
                : new Augmentation(options().augment(), spec.seed(), position.epoch(), material.side());
    }

    /// @return device of the computation, such as `cpu` or `gpu0`
    public String device() {
        return state.device();
    }

    private String environment() {
        return TorchEngine.build() + ", " + device();
    }

    /// @return one sentence if a resumed training used another engine, processor or device before; its last bits
    ///     may then differ from those of an uninterrupted training
    public Optional<String> environmentChange() {
        return Optional.ofNullable(before)
                .filter(environment -> !environment.equals(environment()))
                .map(environment ->
                        "started with %s and continues with %s: its last bits may differ from those of an uninterrupted training"
                                .formatted(environment, environment()));
    }

    /// @return seconds that the optimizer has taken over all steps
    double optimizerSeconds() {
        return optimizer.seconds();
    }

    /// @return batches per epoch
    public int batches() {
        return BatchFeed.count(material.train().count(), spec.batchSize());
    }

    /// Trains to the end of the current epoch, then measures. After an interruption, even during the last
    /// measurement, the progress can be saved and resumed.
    ///
    /// @param between called between batches that are only measured; an exception ends the training
    public EpochResult epoch(BatchListener listener, Runnable between) {
        int[] order = position.order(spec.seed(), material.train().count());
        int batches = batches();
        long began = System.nanoTime();
        long seenBefore = position.seen();
        try (BatchFeed feed = new BatchFeed(
                material.train(),
                material.pixels(),
                material.side(),
                order,
                spec.batchSize(),
                position.batch(),
                augmentation())) {
            while (feed.hasNext()) {
                Batch batch = feed.next();
                long stepBegan = System.nanoTime();
                Outcome outcome = training.step(batch, position.dropoutSeed(spec.seed()), lrFactor());
                mustBeFinite(outcome.loss());
                position = position.after(outcome.loss(), correct(batch, outcome), batch.count());
                listener.afterBatch(position, batches, batch.count(), (System.nanoTime() - stepBegan) / 1e9);
            }
        }
        Map<String, Double> measures = new LinkedHashMap<>();
        double loss = position.lossSum() / position.seen();
        measures.put("loss", loss);
        if (classifies) {
            measures.put("accuracy", (double) position.correct() / position.seen());
        }
        if (position.seen() > seenBefore) {
            measures.put("imagesPerSecond", (position.seen() - seenBefore) / ((System.nanoTime() - began) / 1e9));
        }
        if (material.validation().count() > 0) {
            Predictions validation = measure(material.validation(), false, between);
            loss = validation.loss();
            measures.put("validationLoss", loss);
            if (classifies) {
                ClassResults results = validation.results();
                measures.put("validationAccuracy", results.accuracy());
                measures.put("validationBalancedAccuracy", results.balancedAccuracy());
            }
        }
        TrainingProgress next = position.nextEpoch(loss);
        EpochResult end = new EpochResult(
                position.epoch(), loss < position.bestLoss(), measures, isOver(next) ? test(between) : null);
        position = next;
        return end;
    }

    private void mustBeFinite(double loss) {
        if (!Double.isFinite(loss)) {
            throw FailureException.input(
                    LOSS_NOT_FINITE,
                    "the loss of %s became %s in epoch %d, step %d; use a learning rate below %s"
                            .formatted(
                                    spec.preset(), loss, position.epoch(), position.batch() + 1, spec.learningRate()));
        }
    }

    private static long correct(Batch batch, Outcome outcome) {
        return IntStream.range(0, outcome.predicted().length)
                .filter(row -> outcome.predicted()[row] == batch.label(row))
                .count();
    }

    /// @return results of the network in its current state on the test rows
    Tested test(Runnable between) {
        if (material.test().count() == 0) {
            return Tested.NOTHING;
        }
        Predictions predictions = measure(material.test(), true, between);
        return classifies ? predictions.tested() : predictions.lossAlone();
    }

    /// @param confidence whether to measure the calibration too
    private Predictions measure(TrainingRows rows, boolean confidence, Runnable between) {
        Predictions predictions = new Predictions(material.classes());
        int[] order = IntStream.range(0, rows.count()).toArray();
        try (BatchFeed feed =
                new BatchFeed(rows, material.pixels(), material.side(), order, spec.batchSize(), 0, null)) {
            while (feed.hasNext()) {
                between.run();
                Batch batch = feed.next();
                Outcome outcome = training.measure(batch);
                predictions.addLoss(outcome.loss(), batch.count());
                for (int row = 0; row < outcome.predicted().length; row++) {
                    int truth = (int) batch.label(row);
                    int predicted = outcome.predicted()[row];
                    predictions.add(truth, predicted);
                    if (confidence) {
                        int from = row * material.classes();
                        predictions.addConfidence(truth, predicted, outcome.logProbabilities(), from, material.shift());
                    }
                }
            }
        }
        return predictions;
    }

    /// Adds the weights under their `state_dict` names, as in a checkpoint.
    public void writeWeights(SafetensorsWriter file) {
        state.write(file, "");
        for (Parameter parameter : network.parameters()) {
            parameter.counter().ifPresent(counter -> file.add(counter, new long[0], new long[] {position.steps()}));
        }
    }

    /// Adds everything that a resume needs: weights, moments, progress.
    public void write(SafetensorsWriter file) {
        writeWeights(file);
        optimizer.write(file);
        file.metadata(POSITION + "epoch", Integer.toString(position.epoch()))
                .metadata(POSITION + "batch", Integer.toString(position.batch()))
                .metadata(POSITION + "steps", Long.toString(position.steps()))
                .metadata(POSITION + "lossSum", Double.toString(position.lossSum()))
                .metadata(POSITION + "correct", Long.toString(position.correct()))
                .metadata(POSITION + "seen", Long.toString(position.seen()))
                .metadata(POSITION + "bestLoss", Double.toString(position.bestLoss()))
                .metadata(POSITION + "sinceBest", Integer.toString(position.sinceBest()))
                .metadata("threads", Integer.toString(TorchEngine.threads()))
                .metadata(PLACE, environment());
    }

    private static TrainingProgress position(Safetensors saved) {
        Map<String, String> notes = saved.metadata();
        // Another number of threads sums in another order, so a run keeps its own number.
        TorchEngine.load(Integer.parseInt(notes.get("threads")));
        return new TrainingProgress(
                Integer.parseInt(notes.get(POSITION + "epoch")),
                Integer.parseInt(notes.get(POSITION + "batch")),
                Long.parseLong(notes.get(POSITION + "steps")),
                Double.parseDouble(notes.get(POSITION + "lossSum")),
                Long.parseLong(notes.get(POSITION + "correct")),
                Long.parseLong(notes.get(POSITION + "seen")),
                Double.parseDouble(notes.get(POSITION + "bestLoss")),
                // Snapshots from before `patience` existed lack this entry.
                Integer.parseInt(notes.getOrDefault(POSITION + "sinceBest", "0")));
    }

    @Override
    public void close() {
        optimizer.close();
        state.close();
    }
}
