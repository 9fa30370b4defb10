package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;

/// Adam as PyTorch 2.7.1 computes it, bit for bit: Kingma and Ba, "Adam: A Method for Stochastic Optimization",
/// 2014; with weight decay PyTorch's `AdamW`: Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
/// 2019.
///
/// DJL's own puts epsilon on the uncorrected root, hides its moments and copies each gradient twice. This one works
/// in place on the engine's memory. Each value is computed by itself, so the number of threads does not matter.
public final class Adam implements AutoCloseable {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final float EPSILON = 1e-8f;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /// Values of one task: small tensors are not worth a second thread.
    private static final long TASK = 1 << 16;

    private record Moments(MemorySegment first, MemorySegment second) {}

    private final double rate;
    private final double decay;
    private final Arena arena = arena();
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private final TrainableNetwork network;
    private final Floats floats = Floats.fastest();
    private long steps;
    private double share = 1;
    private double shortening = 1;
    private long nanos;

    /// @param rate the learning rate, above 0
    public Adam(TrainableNetwork network, double rate) {
        this(network, rate, 0);
    }

    /// @param decay share of a weight that a step at learning rate 1 would take away, from 0 on; biases and the
    ///     scales of norms keep all
    public Adam(TrainableNetwork network, double rate, double decay) {
        this.network = network;
        this.rate = rate;
        this.decay = decay;
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

    /// Begins a step: to be called once before the updates of a batch.
    ///
    /// @param rateShare share of the learning rate that this step has
    /// @param shortened what gradients are multiplied by
    void begin(double rateShare, double shortened) {
        steps++;
        share = rateShare;
        shortening = shortened;
    }

    /// Moves one tensor by its gradient, in place.
    ///
    /// @param value f32, contiguous
    /// @param gradient f32 of the same shape
    void update(String name, NDArray value, NDArray gradient) {
        long began = System.nanoTime();
        Moments both = moments.get(name);
        MemorySegment w = memory(value);
        MemorySegment g = memory(gradient);
        double now = rate * share;
        boolean decays = value.getShape().dimension() > 1;
        Floats.AdamStep step = new Floats.AdamStep(
                (float) shortening,
                (float) (1 - (decays ? now * decay : 0)),
                (float) (1 - BETA1),
                (float) BETA2,
                (float) (1 - BETA2),
                (float) (now / (1 - Math.pow(BETA1, steps))),
                (float) Math.sqrt(1 - Math.pow(BETA2, steps)),
                EPSILON);
        long count = w.byteSize() / 4;
        long tasks = (count + TASK - 1) / TASK;
        LongStream all = LongStream.range(0, tasks);
        (tasks > 1 ? all.parallel() : all)
                .forEach(task -> floats.adam(
                        step, w, g, both.first(), both.second(), task * TASK, Math.min(count, (task + 1) * TASK)));
        nanos += System.nanoTime() - began;
    }

    /// @return what all updates of this object have taken
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

    /// Adds both moments of every tensor and the number of steps to a file.
    public void write(SafetensorsWriter file) {
        file.metadata("adam.steps", Long.toString(steps));
        for (Parameter parameter : network.parameters()) {
            Moments both = moments.get(parameter.name());
            if (both != null) {
                file.add("adam.first." + parameter.name(), DType.F32, parameter.shape(), both.first());
                file.add("adam.second." + parameter.name(), DType.F32, parameter.shape(), both.second());
            }
        }
    }

    /// Goes on from what [#write] wrote.
    public void read(Safetensors file) {
        steps = Long.parseLong(file.metadata().get("adam.steps"));
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
