package io.peregrine.trainer.run;

import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunSpec.Augment;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.RunSpec.TrainingOptions;
import io.peregrine.vision.NetworkState;
import io.peregrine.vision.Optimizer;
import io.peregrine.vision.Parameter;
import io.peregrine.vision.TorchEngine;
import io.peregrine.vision.TrainableNetwork;
import io.peregrine.vision.Training;
import io.peregrine.vision.Training.Batch;
import io.peregrine.vision.Training.Outcome;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// The training of one network, from its start values or from where a killed one stood, to the same bytes.
///
/// Each epoch meets all rows in a fresh order; the last short batch is kept. Pixels go in as 0 to 255.
/// Not for several threads at once.
public final class NetworkTraining implements AutoCloseable {
    /// Code of the failure when a loss is infinite or no number.
    public static final String LOSS_NOT_FINITE = "LOSS_NOT_FINITE";

    private static final String POSITION = "position.";
    private static final String PLACE = "place";

    /// What a training is made of.
    ///
    /// @param train rows to learn from
    /// @param validation rows that choose the best checkpoint; may be empty
    /// @param test rows that are measured once, at the end; may be empty
    /// @param shift to the proportions that classes had before balancing
    public record TrainingData(
            PixelRows pixels,
            int side,
            int classes,
            TrainingRows train,
            TrainingRows validation,
            TrainingRows test,
            PriorCorrection shift) {}

    /// Told after each batch; what it throws ends the training.
    @FunctionalInterface
    public interface BatchListener {
        /// @param batches of an epoch
        /// @param rows of the batch just learnt from
        void afterBatch(TrainingProgress position, int batches, int rows, double stepSeconds);
    }

    /// An epoch's end.
    ///
    /// @param measures `loss`, `accuracy` (classifier), `imagesPerSecond` (unless a resume came after the
    ///     epoch's last step), with validation `validationLoss`, `validationAccuracy` and
    ///     `validationBalancedAccuracy`
    /// @param test what the training has come to; null, if it is not over with this epoch
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

    /// Begins a training.
    ///
    /// @throws Failure INPUT `NO_SUCH_DEVICE`, if the specification insists on one that is not there
    public NetworkTraining(TrainableNetwork network, TrainSpec spec, TrainingData material) {
        this(network, spec, material, NetworkState.fresh(network, spec.seed()), TrainingProgress.start(), null);
    }

    /// Begins a training from weights that a user gives. The optimizer knows nothing of how they came about.
    ///
    /// @throws Failure INPUT `INIT_MISMATCH`, if they are not the network's
    public static NetworkTraining from(
            Safetensors weights, TrainableNetwork network, TrainSpec spec, TrainingData material) {
        return new NetworkTraining(
                network, spec, material, NetworkState.given(network, weights), TrainingProgress.start(), null);
    }

    /// Goes on from where [#write] wrote.
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

    /// @param before where a training that goes on has computed; null: nowhere yet, or nobody knows
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
                    "NOTHING_TO_LEARN_FROM", "the balanced set has no row to learn from; check the splits");
        }
        this.network = network;
        this.spec = spec;
        this.material = material;
        this.classifies = network.classifies();
        this.state = state.on(spec.device());
        this.optimizer = Optimizer.of(this.state, spec.learningRate(), regimen().weightDecay());
        double norm = regimen().gradientNorm();
        this.training = new Training(this.state, optimizer, norm == 0 ? Double.POSITIVE_INFINITY : norm);
        this.position = position;
        this.before = before;
    }

    /// @return where the training stands
    public TrainingProgress position() {
        return position;
    }

    private TrainingOptions regimen() {
        return spec.regimen();
    }

    /// @return whether every epoch is over, or the validation loss did not become better for as long as was
    ///     asked for
    public boolean isOver() {
        return isOver(position);
    }

    private boolean isOver(TrainingProgress position) {
        boolean hopeless = regimen().patience() > 0
                && material.validation().count() > 0
                && position.sinceBest() >= regimen().patience();
        return position.epoch() > spec.epochs() || hopeless;
    }

    /// @return share of the learning rate that the next step has: a function of its number alone
    private double rateShare() {
        long all = (long) spec.epochs() * batches();
        double warm = regimen().warmUp() * all;
        if (position.steps() < warm) {
            return Math.min(1, (position.steps() + 1) / warm);
        }
        return switch (regimen().schedule()) {
            case CONSTANT -> 1;
            case COSINE -> (1 + Math.cos(Math.PI * (position.steps() - warm) / (all - warm))) / 2;
        };
    }

    private Augmentation augmentation() {
        return regimen().augment() == Augment.NONE
                ? null
                : new Augmentation(regimen().augment(), spec.seed(), position.epoch(), material.side());
    }

    /// @return what is computed on, such as `cpu` or `gpu0`
    public String device() {
        return state.device();
    }

    private String place() {
        return TorchEngine.build() + ", " + device();
    }

    /// @return one sentence, if a training that goes on has computed with another engine or processor until now,
    ///     or on another device: it may end in other last bits than one that was left alone
    public Optional<String> environmentChange() {
        return Optional.ofNullable(before)
                .filter(place -> !place.equals(place()))
                .map(place ->
                        "was begun with %s and goes on with %s: its last bits may be others than those of an undisturbed one"
                                .formatted(place, place()));
    }

    /// @return what the optimizer has taken of all steps
    double optimizerSeconds() {
        return optimizer.seconds();
    }

    /// @return batches of an epoch
    public int batches() {
        return BatchFeed.count(material.train().count(), spec.batchSize());
    }

    /// Trains to the end of the running epoch, and measures. What ends it before, even at the last measuring,
    /// leaves a position that can be written and gone on from.
    ///
    /// @param between called between batches that are only measured; what it throws ends the training
    public EpochResult epoch(BatchListener watcher, Runnable between) {
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
                Outcome outcome = training.step(batch, position.dropoutSeed(spec.seed()), rateShare());
                mustBeFinite(outcome.loss());
                position = position.after(outcome.loss(), correct(batch, outcome), batch.count());
                watcher.afterBatch(position, batches, batch.count(), (System.nanoTime() - stepBegan) / 1e9);
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
                    "the loss of %s became %s in epoch %d, step %d; ask for a learning rate below %s"
                            .formatted(
                                    spec.preset(), loss, position.epoch(), position.batch() + 1, spec.learningRate()));
        }
    }

    private static long correct(Batch batch, Outcome outcome) {
        return IntStream.range(0, outcome.predicted().length)
                .filter(row -> outcome.predicted()[row] == batch.label(row))
                .count();
    }

    /// @return the network as it stands, on the test rows
    Tested test(Runnable between) {
        if (material.test().count() == 0) {
            return Tested.NOTHING;
        }
        Predictions predictions = measure(material.test(), true, between);
        return classifies ? predictions.tested() : predictions.lossAlone();
    }

    /// @param confidence whether it is asked how sure the network is
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

    /// Adds weights under their `state_dict` names, as a checkpoint has them.
    public void writeWeights(SafetensorsWriter file) {
        state.write(file, "");
        for (Parameter parameter : network.parameters()) {
            parameter.counter().ifPresent(counter -> file.add(counter, new long[0], new long[] {position.steps()}));
        }
    }

    /// Adds all that a resume needs: weights, moments, position.
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
                .metadata(PLACE, place());
    }

    private static TrainingProgress position(Safetensors saved) {
        Map<String, String> notes = saved.metadata();
        // Another number of threads sums in another order: this run keeps its own.
        TorchEngine.load(Integer.parseInt(notes.get("threads")));
        return new TrainingProgress(
                Integer.parseInt(notes.get(POSITION + "epoch")),
                Integer.parseInt(notes.get(POSITION + "batch")),
                Long.parseLong(notes.get(POSITION + "steps")),
                Double.parseDouble(notes.get(POSITION + "lossSum")),
                Long.parseLong(notes.get(POSITION + "correct")),
                Long.parseLong(notes.get(POSITION + "seen")),
                Double.parseDouble(notes.get(POSITION + "bestLoss")),
                // A state of before there was patience lacks it.
                Integer.parseInt(notes.getOrDefault(POSITION + "sinceBest", "0")));
    }

    @Override
    public void close() {
        optimizer.close();
        state.close();
    }
}
