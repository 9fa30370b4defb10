package io.peregrine.vision.nn;

import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A `state_dict` supplied by a user. It accepts what PyTorch's `load_state_dict` accepts with `strict=True`.
/// Batch counters (`num_batches_tracked`) are optional and ignored.
final class StateDict {
    /// Maximum number of differences in a message.
    private static final int MAX_LISTED = 8;

    private StateDict() {}

    /// @throws FailureException INPUT `INITIAL_WEIGHTS_MISMATCH` with the differences, if the file's tensors do
    ///     not match the network's
    static void mustFit(TrainableNetwork network, Safetensors file) {
        List<String> differences = differences(network.parameters(), file);
        if (differences.isEmpty()) {
            return;
        }
        String more =
                differences.size() > MAX_LISTED ? "; and %,d more".formatted(differences.size() - MAX_LISTED) : "";
        throw FailureException.input(
                "INITIAL_WEIGHTS_MISMATCH",
                "the weights do not match %s in docs/networks.py: %s%s; supply its state_dict, for the preset, side, latent and number of classes of this run"
                        .formatted(
                                network.getClass().getSimpleName(),
                                String.join("; ", differences.subList(0, Math.min(MAX_LISTED, differences.size()))),
                                more));
    }

    private static List<String> differences(List<Parameter> wanted, Safetensors file) {
        List<String> differences = new ArrayList<>();
        Set<String> surplus = new HashSet<>(file.names());
        for (Parameter parameter : wanted) {
            parameter.counter().ifPresent(surplus::remove);
            String name = parameter.name();
            String shape = Arrays.toString(parameter.shape());
            if (!surplus.remove(name)) {
                differences.add("%s is missing, expected F32 %s".formatted(name, shape));
            } else if (!fits(file.tensor(name), parameter)) {
                differences.add("%s is %s, expected F32 %s".formatted(name, about(file.tensor(name)), shape));
            }
        }
        for (String name : file.names()) {
            if (surplus.contains(name)) {
                differences.add(
                        "%s is unexpected, found %s".formatted(Safetensors.shown(name), about(file.tensor(name))));
            }
        }
        return differences;
    }

    static boolean fits(Safetensors.Tensor tensor, Parameter parameter) {
        return tensor.dtype() == DType.F32 && Arrays.equals(tensor.shape(), parameter.shape());
    }

    private static String about(Safetensors.Tensor tensor) {
        return Safetensors.shown("%s %s".formatted(tensor.dtype(), Arrays.toString(tensor.shape())));
    }
}
