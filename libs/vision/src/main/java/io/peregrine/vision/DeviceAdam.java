package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.vision.Floats.AdamStep;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/// [Adam] where the processor cannot reach: the same formula by the engine's own operations, in place, on the device
/// that the weights lie on. Its last digits are the device's.
final class DeviceAdam implements Optimizer {
    private record Moments(NDArray first, NDArray second) {}

    private final AdamCourse course;
    private final TrainableNetwork network;
    private final NDManager manager;
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private long nanos;

    /// As [Optimizer#of].
    DeviceAdam(NetworkState state, double rate, double decay) {
        this.course = new AdamCourse(rate, decay);
        this.network = state.network();
        this.manager = state.manager().newSubManager();
        for (Parameter parameter : network.parameters()) {
            if (parameter.isLearned()) {
                Shape shape = new Shape(parameter.shape());
                moments.put(parameter.name(), new Moments(manager.zeros(shape), manager.zeros(shape)));
            }
        }
    }

    @Override
    public void begin(double rateShare, double shortened) {
        course.begin(rateShare, shortened);
    }

    /// As [Floats#adam], a line for a line.
    @Override
    public void update(String name, NDArray value, NDArray gradient) {
        long began = System.nanoTime();
        AdamStep s = course.step(value.getShape().dimension());
        // What comes of an operation is its first operand's manager's.
        try (NDManager step = manager.newSubManager()) {
            NDArray w = NetworkState.handle(value, step);
            NDArray g = NetworkState.handle(gradient, step).muli(s.shortening());
            NDArray m = NetworkState.handle(moments.get(name).first(), step);
            NDArray v = NetworkState.handle(moments.get(name).second(), step);
            m.addi(g.sub(m).muli(s.meanNew()));
            v.muli(s.squareKept()).addi(g.muli(g).muli(s.squareNew()));
            NDArray root = v.sqrt().divi(s.correction()).addi(s.epsilon());
            w.muli(s.weightKept()).subi(m.mul(s.rate()).divi(root));
        }
        nanos += System.nanoTime() - began;
    }

    /// One number leaves the device, not one for each tensor.
    @Override
    public double norm(Collection<NDArray> gradients) {
        try (NDManager step = manager.newSubManager()) {
            NDArray sum = step.create(0f);
            for (NDArray gradient : gradients) {
                try (NDArray squares = NetworkState.handle(gradient, step).square();
                        NDArray one = squares.sum()) {
                    sum.addi(one);
                }
            }
            return Math.sqrt(sum.getFloat());
        }
    }

    @Override
    public double seconds() {
        return nanos / 1e9;
    }

    @Override
    public void write(SafetensorsWriter file) {
        course.write(file);
        for (Parameter parameter : network.parameters()) {
            Moments both = moments.get(parameter.name());
            if (both != null) {
                file.add(
                        "adam.first." + parameter.name(),
                        DType.F32,
                        parameter.shape(),
                        NetworkState.copy(both.first()));
                file.add(
                        "adam.second." + parameter.name(),
                        DType.F32,
                        parameter.shape(),
                        NetworkState.copy(both.second()));
            }
        }
    }

    @Override
    public void read(Safetensors file) {
        course.read(file);
        moments.replaceAll((name, both) -> new Moments(
                replaced(both.first(), file.tensor("adam.first." + name)),
                replaced(both.second(), file.tensor("adam.second." + name))));
    }

    private NDArray replaced(NDArray moment, Safetensors.Tensor saved) {
        Shape shape = moment.getShape();
        moment.close();
        return manager.create(saved.floats(), shape);
    }

    @Override
    public void close() {
        manager.close();
    }
}
