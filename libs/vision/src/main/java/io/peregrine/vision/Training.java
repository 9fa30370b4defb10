package io.peregrine.vision;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.peregrine.events.FailureException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Steps of one network: forward, backward, Adam.
///
/// Each step makes its leaves anew over the same memory, so there is nothing to zero and nothing is added up;
/// closing the step's manager frees all of it.
public final class Training {
    /// A batch's pixels in memory that the engine reads in place, and its labels.
    public static final class Batch implements AutoCloseable {
        private final int side;
        private final Arena arena = arena();
        private final MemorySegment pixels;
        private final long[] labels;
        private final FloatKernels floats = FloatKernels.fastest();
        private int count;

        /// @param capacity rows of a full batch
        /// @param side of the square images
        /// @throws Failure INPUT `BATCH_TOO_LARGE`, if a full one would take 2 GiB or more
        public Batch(int capacity, int side) {
            long image = 4L * 3 * side * side;
            if (capacity * image > Integer.MAX_VALUE) {
                throw FailureException.input(
                        "BATCH_TOO_LARGE",
                        "a batch of %,d images of side %d takes %,d bytes, at most %,d: say a batchSize up to %,d"
                                .formatted(
                                        capacity,
                                        side,
                                        capacity * image,
                                        Integer.MAX_VALUE,
                                        Integer.MAX_VALUE / image));
            }
            this.side = side;
            this.pixels = arena.allocate(capacity * image, 64);
            this.labels = new long[capacity];
        }

        @SuppressWarnings("MustBeClosedChecker") // close() closes it.
        private static Arena arena() {
            return Arena.ofShared();
        }

        /// @return f32 [3, side, side] of one row, to be filled
        public MemorySegment row(int row) {
            long bytes = 4L * 3 * side * side;
            return pixels.asSlice(row * bytes, bytes);
        }

        public void label(int row, long label) {
            labels[row] = label;
        }

        public long label(int row) {
            return labels[row];
        }

        /// Says how many rows are filled.
        public void count(int rows) {
            count = rows;
        }

        /// @return rows that are filled
        public int count() {
            return count;
        }

        NDArray pixels(NDManager manager) {
            long values = (long) count * 3 * side * side;
            return manager.create(
                    pixels.asSlice(0, 4 * values).asByteBuffer().order(ByteOrder.nativeOrder()),
                    new Shape(count, 3, side, side),
                    DataType.FLOAT32);
        }

        private NDArray labels(NDManager manager) {
            return manager.create(java.util.Arrays.copyOf(labels, count), new Shape(count));
        }

        /// Fills a row from bytes, 0 to 255.
        ///
        /// @param image u8 [3, side, side]
        public void fill(int row, MemorySegment image) {
            floats.widen(image, row(row), 0);
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    /// What a batch came to.
    ///
    /// @param loss the batch's mean
    /// @param predicted class of each row by a classifier; of an autoencoder empty
    /// @param logProbabilities [rows, classes] by a classifier, flat; of an autoencoder empty
    public record Outcome(double loss, int[] predicted, float[] logProbabilities) {}

    private final Engine engine;
    private final NetworkState state;
    private final Optimizer optimizer;
    private final double longest;

    /// @param state moved in place; closed by the caller
    /// @param optimizer closed by the caller
    public Training(NetworkState state, Optimizer optimizer) {
        this(state, optimizer, Double.POSITIVE_INFINITY);
    }

    /// @param longest norm of all gradients together; longer ones are shortened to it, as PyTorch's
    ///     `clip_grad_norm_`; infinite: none is
    public Training(NetworkState state, Optimizer optimizer, double longest) {
        this.engine = TorchEngine.load();
        this.state = state;
        this.optimizer = optimizer;
        this.longest = longest;
    }

    /// One step at the full learning rate.
    ///
    /// @param stream seeds dropout: a function of (seed, epoch, step), so that a resumed training draws the same
    public Outcome step(Batch batch, int stream) {
        return step(batch, stream, 1);
    }

    /// One step.
    ///
    /// @param share of the learning rate that a schedule leaves, 0 to 1
    public Outcome step(Batch batch, int stream, double share) {
        engine.setRandomSeed(stream);
        try (NDManager manager = state.manager().newSubManager();
                GradientCollector gradients = engine.newGradientCollector()) {
            Map<String, NDArray> leaves = new HashMap<>();
            for (Parameter parameter : state.parameters()) {
                NDArray tensor = state.tensors().get(parameter.name());
                if (parameter.isLearned()) {
                    NDArray leaf = tensor.stopGradient();
                    leaf.attach(manager);
                    leaf.setRequiresGradient(true);
                    leaves.put(parameter.name(), leaf);
                } else {
                    leaves.put(parameter.name(), tensor);
                }
            }
            NDArray pixels = batch.pixels(manager);
            NDArray output = state.network().output(leaves, pixels, true);
            NDArray loss = state.network().trainingLoss(output, pixels, batch.labels(manager));
            gradients.backward(loss);
            Map<String, NDArray> found = new LinkedHashMap<>();
            for (Parameter parameter : state.parameters()) {
                if (parameter.isLearned()) {
                    NDArray gradient = leaves.get(parameter.name()).getGradient();
                    gradient.attach(manager);
                    found.put(parameter.name(), gradient);
                }
            }
            optimizer.step(state.tensors(), found, share, longest);
            return outcome(loss.getFloat(), output);
        }
    }

    /// Measures a batch without learning from it.
    public Outcome measure(Batch batch) {
        try (NDManager manager = state.manager().newSubManager()) {
            NDArray pixels = batch.pixels(manager);
            NDArray output = state.network().output(state.handles(manager), pixels, false);
            double loss =
                    state.network().loss(output, pixels, batch.labels(manager)).getFloat();
            return outcome(loss, output);
        }
    }

    /// @return what the network makes of a batch, without learning, flat in C order
    public float[] output(Batch batch) {
        return state.output(batch);
    }

    private Outcome outcome(double loss, NDArray output) {
        if (!state.network().classifies()) {
            return new Outcome(loss, new int[0], new float[0]);
        }
        // By hand: of equal ones the first, on every engine.
        int rows = (int) output.getShape().get(0);
        int classes = (int) output.getShape().get(1);
        float[] values = output.toFloatArray();
        int[] predicted = new int[rows];
        for (int row = 0; row < rows; row++) {
            for (int c = 1; c < classes; c++) {
                if (values[row * classes + c] > values[row * classes + predicted[row]]) {
                    predicted[row] = c;
                }
            }
        }
        return new Outcome(loss, predicted, values);
    }
}
