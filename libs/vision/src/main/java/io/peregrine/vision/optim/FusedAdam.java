package io.peregrine.vision.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.vision.engine.TensorMemory;
import io.peregrine.vision.engine.TorchScriptFunction;
import io.peregrine.vision.nn.NetworkState;
import io.peregrine.vision.nn.Parameter;
import io.peregrine.vision.nn.TrainableNetwork;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// [Adam] for weights outside CPU memory. It uses PyTorch's own fused AdamW for all tensors of a group at once,
/// in place, on the weights' device. The last digits depend on the device.
///
/// DJL does not offer it. In DJL, an operation with a scalar copies the scalar to the device and waits for the
/// copy. An Adam made of such operations would wait hundreds of times per step.
final class FusedAdam implements Optimizer {
    private record Moments(NDArray first, NDArray second) {}

    /// Divisor of the gradients: 1, or the ratio of their norm to the maximum norm.
    private static final String SCALE = """
        norm = torch.norm(torch.stack(torch._foreach_norm(gradients)))
        return torch.clamp_min(torch.div(torch.add(norm, 9.9999999999999995e-07), longest), 1.)
        """;

    private static final String MOVE = """
        steps = torch.full_like(scale, step)
        torch._fused_adamw_(weights, gradients, means, squares, annotate(List[Tensor], []), \
        torch.mul([steps], torch.len(weights)), lr=rate, beta1=%s, beta2=%s, weight_decay=decay, eps=%s, \
        amsgrad=False, maximize=False, grad_scale=scale, found_inf=None)
        return steps
        """.formatted(AdamSchedule.BETA1, AdamSchedule.BETA2, AdamSchedule.EPSILON);

    private final AdamSchedule schedule;
    private final TrainableNetwork network;
    private final NDManager manager;
    private final TorchScriptFunction scale;
    private final TorchScriptFunction move;
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private long nanos;

    /// See [Optimizer#of].
    FusedAdam(NetworkState state, double rate, double decay) {
        this.schedule = new AdamSchedule(rate, decay);
        this.network = state.network();
        this.manager = state.manager().newSubManager();
        this.scale = new TorchScriptFunction(manager, "gradients: List[Tensor], longest: float", SCALE);
        this.move = new TorchScriptFunction(
                manager,
                "weights: List[Tensor], gradients: List[Tensor], means: List[Tensor], squares: List[Tensor], "
                        + "scale: Tensor, step: float, rate: float, decay: float",
                MOVE);
        for (Parameter parameter : network.parameters()) {
            if (parameter.isLearned()) {
                Shape shape = new Shape(parameter.shape());
                moments.put(parameter.name(), new Moments(manager.zeros(shape), manager.zeros(shape)));
            }
        }
    }

    @Override
    public void step(Map<String, NDArray> weights, Map<String, NDArray> gradients, double lrFactor, double longest) {
        schedule.begin(lrFactor);
        try (NDArray divisor = scale.of(TorchScriptFunction.tensors(gradients.values()), IValue.from(longest))) {
            long began = System.nanoTime();
            // Two groups: tensors with and without weight decay.
            Map<Double, List<String>> kinds = gradients.keySet().stream()
                    .collect(Collectors.groupingBy(
                            name -> schedule.decay(weights.get(name).getShape().dimension()),
                            LinkedHashMap::new,
                            Collectors.toList()));
            kinds.forEach((decay, names) -> move.of(
                            of(names, weights::get),
                            of(names, gradients::get),
                            of(names, name -> moments.get(name).first()),
                            of(names, name -> moments.get(name).second()),
                            TorchScriptFunction.tensor(divisor),
                            IValue.from((double) schedule.steps()),
                            IValue.from(schedule.rate()),
                            IValue.from((double) decay))
                    .close());
            nanos += System.nanoTime() - began;
        }
    }

    private static IValue of(List<String> names, Function<String, NDArray> tensor) {
        return TorchScriptFunction.tensors(names.stream().map(tensor).toList());
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
                file.add(
                        "adam.first." + parameter.name(),
                        DType.F32,
                        parameter.shape(),
                        TensorMemory.copy(both.first()));
                file.add(
                        "adam.second." + parameter.name(),
                        DType.F32,
                        parameter.shape(),
                        TensorMemory.copy(both.second()));
            }
        }
    }

    @Override
    public void read(Safetensors file) {
        schedule.read(file);
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
        scale.close();
        move.close();
        manager.close();
    }
}
