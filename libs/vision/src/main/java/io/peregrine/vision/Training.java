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

/// Training steps of one network: forward, backward, Adam.
///
/// Each step creates its leaf tensors again over the same memory, so gradients are neither zeroed nor
/// accumulated. Closing the step's manager frees all of them.
public final class Training {
    /// A batch: pixels in memory that the engine reads in place, and labels.
    public static final class Batch implements AutoCloseable {
        private final int side;
        private final Arena arena = arena();
        private final MemorySegment pixels;
        private final long[] labels;
        private final FloatKernels floats = FloatKernels.fastest();
        private int count;

        /// @param capacity rows of a full batch
        /// @param side of the square images
        /// @throws FailureException INPUT `BATCH_TOO_LARGE`, if a full batch would take 2 GiB or more
        public Batch(int capacity, int side) {
            long image = 4L * 3 * side * side;
            if (capacity * image > Integer.MAX_VALUE) {
                throw FailureException.input(
                        "BATCH_TOO_LARGE",
                        "a batch of %,d images of side %d takes %,d bytes; at most %,d are allowed. Use a batchSize of at most %,d"
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

        /// Sets the number of filled rows.
        public void count(int rows) {
            count = rows;
        }

        /// @return number of filled rows
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

    /// Result of a batch.
    ///
    /// @param loss mean loss of the batch
    /// @param predicted predicted class of each row; empty for an autoencoder
    /// @param logProbabilities [rows, classes], flat; empty for an autoencoder
    public record Outcome(double loss, int[] predicted, float[] logProbabilities) {}

    private final Engine engine;
    private final NetworkState state;
    private final Optimizer optimizer;
    private final double maxGradNorm;

    /// @param state updated in place; closed by the caller
    /// @param optimizer closed by the caller
    public Training(NetworkState state, Optimizer optimizer) {
        this(state, optimizer, Double.POSITIVE_INFINITY);
    }

    /// @param maxGradNorm maximum norm of all gradients together; larger ones are scaled down to it, as in
    ///     PyTorch's `clip_grad_norm_`; infinite for no clipping
    public Training(NetworkState state, Optimizer optimizer, double maxGradNorm) {
        this.engine = TorchEngine.load();
        this.state = state;
        this.optimizer = optimizer;
        this.maxGradNorm = maxGradNorm;
    }

    /// One step at the full learning rate.
    ///
    /// @param dropoutSeed a function of (seed, epoch, step), so that a resumed training has the same dropout
    public Outcome step(Batch batch, int dropoutSeed) {
        return step(batch, dropoutSeed, 1);
    }

    /// One step.
    ///
    /// @param lrFactor factor of the learning rate, 0 to 1
    public Outcome step(Batch batch, int dropoutSeed, double lrFactor) {
        engine.setRandomSeed(dropoutSeed);
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
            optimizer.step(state.tensors(), found, lrFactor, maxGradNorm);
            return outcome(loss.getFloat(), output);
        }
    }

    /// Measures a batch without training.
    public Outcome measure(Batch batch) {
        try (NDManager manager = state.manager().newSubManager()) {
            NDArray pixels = batch.pixels(manager);
            NDArray output = state.network().output(state.handles(manager), pixels, false);
            double loss =
                    state.network().loss(output, pixels, batch.labels(manager)).getFloat();
            return outcome(loss, output);
        }
    }

    /// @return the network's output for a batch, without training, flat in C order
    public float[] output(Batch batch) {
        return state.output(batch);
    }

    private Outcome outcome(double loss, NDArray output) {
        if (!state.network().classifies()) {
            return new Outcome(loss, new int[0], new float[0]);
        }
        // Explicit loop: among equal values the first class wins, on every engine.
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
