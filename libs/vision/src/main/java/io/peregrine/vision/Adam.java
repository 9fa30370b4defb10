package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Adam with PyTorch's formula, to its last digits: Kingma and Ba, "Adam: A Method for Stochastic Optimization",
/// 2014.
///
/// DJL's own puts epsilon on the uncorrected root, hides its moments and copies each gradient twice. This one works
/// in
/// place on the engine's memory. Each value is computed by itself, so the number of threads does not matter.
public final class Adam implements AutoCloseable {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final float EPSILON = 1e-8f;
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /// Values of one task: small tensors are not worth a second thread.
    private static final long TASK = 1 << 16;

    private record Moments(MemorySegment first, MemorySegment second) {}

    private final double rate;
    private final Arena arena = arena();
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private final TrainableNetwork network;
    private long steps;

    /// @param rate the learning rate, above 0
    public Adam(TrainableNetwork network, double rate) {
        this.network = network;
        this.rate = rate;
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
    void begin() {
        steps++;
    }

    /// Moves one tensor by its gradient, in place.
    ///
    /// @param value f32, contiguous
    /// @param gradient f32 of the same shape
    void update(String name, NDArray value, NDArray gradient) {
        Moments both = moments.get(name);
        MemorySegment w = memory(value);
        MemorySegment g = memory(gradient);
        float stepSize = (float) (rate / (1 - Math.pow(BETA1, steps)));
        float root = (float) (1 / Math.sqrt(1 - Math.pow(BETA2, steps)));
        long count = w.byteSize() / 4;
        long tasks = (count + TASK - 1) / TASK;
        LongStream all = LongStream.range(0, tasks);
        (tasks > 1 ? all.parallel() : all)
                .forEach(task -> move(w, g, both, task * TASK, Math.min(count, (task + 1) * TASK), stepSize, root));
    }

    private static void move(
            MemorySegment w, MemorySegment g, Moments both, long from, long to, float stepSize, float root) {
        float keep1 = (float) (1 - BETA1);
        float beta2 = (float) BETA2;
        float keep2 = (float) (1 - BETA2);
        long i = from;
        for (; i + SPECIES.length() <= to; i += SPECIES.length()) {
            long at = 4 * i;
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, g, at, ORDER);
            FloatVector m = FloatVector.fromMemorySegment(SPECIES, both.first(), at, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, both.second(), at, ORDER);
            m = m.add(gradient.sub(m).mul(keep1));
            v = v.mul(beta2).add(gradient.mul(gradient).mul(keep2));
            m.intoMemorySegment(both.first(), at, ORDER);
            v.intoMemorySegment(both.second(), at, ORDER);
            FloatVector.fromMemorySegment(SPECIES, w, at, ORDER)
                    .sub(m.mul(stepSize).div(v.sqrt().mul(root).add(EPSILON)))
                    .intoMemorySegment(w, at, ORDER);
        }
        // The same operations, one by one, for what is left of a vector.
        for (; i < to; i++) {
            long at = 4 * i;
            float gradient = g.get(ValueLayout.JAVA_FLOAT, at);
            float m = both.first().get(ValueLayout.JAVA_FLOAT, at);
            float v = both.second().get(ValueLayout.JAVA_FLOAT, at);
            m = m + (gradient - m) * keep1;
            v = v * beta2 + gradient * gradient * keep2;
            both.first().set(ValueLayout.JAVA_FLOAT, at, m);
            both.second().set(ValueLayout.JAVA_FLOAT, at, v);
            float value = w.get(ValueLayout.JAVA_FLOAT, at);
            w.set(ValueLayout.JAVA_FLOAT, at, value - m * stepSize / ((float) Math.sqrt(v) * root + EPSILON));
        }
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
