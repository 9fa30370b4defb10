package io.peregrine.vision.optim;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.vision.engine.FloatKernels;
import io.peregrine.vision.engine.TensorMemory;
import io.peregrine.vision.nn.Parameter;
import io.peregrine.vision.nn.TrainableNetwork;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;

/// Adam with the same bits as PyTorch 2.7.1: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
/// With weight decay it is PyTorch's `AdamW`: Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
/// 2019.
///
/// DJL's implementation adds epsilon to the uncorrected root, hides its moments and copies each gradient twice.
/// This one works in place on the engine's memory. Each value is computed independently, so the number of threads
/// does not affect the result.
public final class Adam implements Optimizer {
    /// Values per task: small tensors do not justify a second thread.
    private static final long TASK = 1 << 16;

    private record Moments(MemorySegment first, MemorySegment second) {}

    private final AdamSchedule schedule;
    private final Arena arena = arena();
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private final TrainableNetwork network;
    private final FloatKernels floats = FloatKernels.fastest();
    private long nanos;

    /// @param rate the learning rate, above 0
    public Adam(TrainableNetwork network, double rate) {
        this(network, rate, 0);
    }

    /// @param decay weight decay: share of a weight that a step at learning rate 1 subtracts, at least 0; biases
    ///     and scales of norms do not decay
    public Adam(TrainableNetwork network, double rate, double decay) {
        this.network = network;
        this.schedule = new AdamSchedule(rate, decay);
        for (Parameter parameter : network.parameters()) {
            if (parameter.isLearned()) {
                long bytes = 4L * parameter.size();
                moments.put(parameter.name(), new Moments(arena.allocate(bytes, 64), arena.allocate(bytes, 64)));
            }
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // close() closes it.
    private static Arena arena() {
        return Arena.ofShared();
    }

    @Override
    public void step(
            Map<String, NDArray> weights, Map<String, NDArray> gradients, double lrFactor, double maxGradNorm) {
        schedule.begin(lrFactor);
        double clipFactor =
                Double.isInfinite(maxGradNorm) ? 1 : Math.min(1, maxGradNorm / (norm(gradients.values()) + 1e-6));
        long began = System.nanoTime();
        gradients.forEach((name, gradient) -> update(moments.get(name), weights.get(name), gradient, clipFactor));
        nanos += System.nanoTime() - began;
    }

    private void update(Moments both, NDArray value, NDArray gradient, double clipFactor) {
        MemorySegment w = TensorMemory.of(value);
        MemorySegment g = TensorMemory.of(gradient);
        FloatKernels.AdamStep step = schedule.step(value.getShape().dimension(), clipFactor);
        long count = w.byteSize() / 4;
        long tasks = (count + TASK - 1) / TASK;
        LongStream all = LongStream.range(0, tasks);
        (tasks > 1 ? all.parallel() : all)
                .forEach(task -> floats.adam(
                        step, w, g, both.first(), both.second(), task * TASK, Math.min(count, (task + 1) * TASK)));
    }

    /// Summed in one order, in double: the same bits for any number of threads.
    private static double norm(Collection<NDArray> gradients) {
        double squares = 0;
        for (NDArray gradient : gradients) {
            squares += FloatKernels.squares(TensorMemory.of(gradient));
        }
        return Math.sqrt(squares);
    }

    @Override
    public double seconds() {
        return nanos / 1e9;
    }

    @Override
    public void write(SafetensorsWriter file) {
        schedule.write(file);
        for (Parameter parameter : network.parameters()) {
            Moments both = moments.get(parameter.name());
            if (both != null) {
                file.add("adam.first." + parameter.name(), DType.F32, parameter.shape(), both.first());
                file.add("adam.second." + parameter.name(), DType.F32, parameter.shape(), both.second());
            }
        }
    }

    @Override
    public void read(Safetensors file) {
        schedule.read(file);
        moments.forEach((name, both) -> {
            both.first().copyFrom(file.tensor("adam.first." + name).data());
            both.second().copyFrom(file.tensor("adam.second." + name).data());
        });
    }

    @Override
    public void close() {
        arena.close();
    }
}
