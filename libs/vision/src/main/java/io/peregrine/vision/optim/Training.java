package io.peregrine.vision.optim;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.peregrine.vision.engine.TensorMemory;
import io.peregrine.vision.engine.TorchEngine;
import io.peregrine.vision.nn.Batch;
import io.peregrine.vision.nn.NetworkState;
import io.peregrine.vision.nn.Parameter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Training steps of one network: forward, backward, Adam.
///
/// Each step creates its leaf tensors again over the same memory, so gradients are neither zeroed nor
/// accumulated. Closing the step's manager frees all of them.
public final class Training {
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
                    NDArray leaf = TensorMemory.handle(tensor, manager);
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
