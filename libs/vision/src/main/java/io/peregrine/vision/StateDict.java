package io.peregrine.vision;

import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A network's `state_dict` as a user gives it: what PyTorch's `load_state_dict` would take with `strict=True`.
/// The counts of batches (`num_batches_tracked`) may be there or not, and mean nothing here.
final class StateDict {
    /// A message has room for so many differences.
    private static final int TOLD = 8;

    private StateDict() {}

    /// @throws Failure INPUT `INIT_MISMATCH` with what differs, if the file's tensors are not the network's
    static void mustFit(TrainableNetwork network, Safetensors file) {
        List<String> differences = differences(network.parameters(), file);
        if (differences.isEmpty()) {
            return;
        }
        String more = differences.size() > TOLD ? "; and %,d more".formatted(differences.size() - TOLD) : "";
        throw FailureException.input(
                "INIT_MISMATCH",
                "these weights are not those of %s in docs/networks.py: %s%s; give its state_dict, for the preset, side, latent and number of classes of this run"
                        .formatted(
                                network.getClass().getSimpleName(),
                                String.join("; ", differences.subList(0, Math.min(TOLD, differences.size()))),
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
                differences.add("%s is missing, wanted F32 %s".formatted(name, shape));
            } else if (!fits(file.tensor(name), parameter)) {
                differences.add("%s is %s, wanted F32 %s".formatted(name, about(file.tensor(name)), shape));
            }
        }
        for (String name : file.names()) {
            if (surplus.contains(name)) {
                differences.add(
                        "%s is not wanted, found %s".formatted(Safetensors.shown(name), about(file.tensor(name))));
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
