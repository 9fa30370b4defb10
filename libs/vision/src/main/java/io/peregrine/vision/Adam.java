package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;

/// Adam as PyTorch 2.7.1 computes it, bit for bit: Kingma and Ba, "Adam: A Method for Stochastic Optimization",
/// 2014; with weight decay PyTorch's `AdamW`: Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
/// 2019.
///
/// DJL's own puts epsilon on the uncorrected root, hides its moments and copies each gradient twice. This one
/// works in place on the engine's memory. Each value is computed by itself, so the number of threads does not
/// matter.
public final class Adam implements Optimizer {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /// Values of one task: small tensors are not worth a second thread.
    private static final long TASK = 1 << 16;

    private record Moments(MemorySegment first, MemorySegment second) {}

    private final AdamSchedule course;
    private final Arena arena = arena();
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private final TrainableNetwork network;
    private final FloatKernels floats = FloatKernels.fastest();
    private long nanos;

    /// @param rate the learning rate, above 0
    public Adam(TrainableNetwork network, double rate) {
        this(network, rate, 0);
    }

    /// @param decay share of a weight that a step at learning rate 1 would take away, from 0 on; biases and the
    ///     scales of norms keep all
    public Adam(TrainableNetwork network, double rate, double decay) {
        this.network = network;
        this.course = new AdamSchedule(rate, decay);
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
    public void step(Map<String, NDArray> weights, Map<String, NDArray> gradients, double rateShare, double longest) {
        course.begin(rateShare);
        double shortening = Double.isInfinite(longest) ? 1 : Math.min(1, longest / (norm(gradients.values()) + 1e-6));
        long began = System.nanoTime();
        gradients.forEach((name, gradient) -> move(moments.get(name), weights.get(name), gradient, shortening));
        nanos += System.nanoTime() - began;
    }

    private void move(Moments both, NDArray value, NDArray gradient, double shortening) {
        MemorySegment w = memory(value);
        MemorySegment g = memory(gradient);
        FloatKernels.AdamStep step = course.step(value.getShape().dimension(), shortening);
        long count = w.byteSize() / 4;
        long tasks = (count + TASK - 1) / TASK;
        LongStream all = LongStream.range(0, tasks);
        (tasks > 1 ? all.parallel() : all)
                .forEach(task -> floats.adam(
                        step, w, g, both.first(), both.second(), task * TASK, Math.min(count, (task + 1) * TASK)));
    }

    /// Summed in one order, in double: the same bits on any number of threads.
    private static double norm(Collection<NDArray> gradients) {
        double squares = 0;
        for (NDArray gradient : gradients) {
            squares += FloatKernels.squares(memory(gradient));
        }
        return Math.sqrt(squares);
    }

    @Override
    public double seconds() {
        return nanos / 1e9;
    }

    /// The tensor's own memory; the engine gives a direct buffer for a contiguous tensor of the processor.
    static MemorySegment memory(NDArray array) {
        ByteBuffer buffer = array.toByteBuffer(true);
        if (!buffer.isDirect()) {
            throw new IllegalStateException("the engine gave a copy of " + array.getName() + " instead of its memory");
        }
        return MemorySegment.ofBuffer(buffer.order(ORDER));
    }

    @Override
    public void write(SafetensorsWriter file) {
        course.write(file);
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
        course.read(file);
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
