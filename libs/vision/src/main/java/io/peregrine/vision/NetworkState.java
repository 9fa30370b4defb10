package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.Failure;
import io.peregrine.random.Mt19937;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// A network's tensors in the engine's memory, by their `state_dict` names.
public final class NetworkState implements AutoCloseable {
    private final TrainableNetwork network;
    private final NDManager manager;
    private final SequencedMap<String, NDArray> tensors = new LinkedHashMap<>();

    private NetworkState(TrainableNetwork network) {
        this.network = network;
        this.manager = Torch.load().newBaseManager();
    }

    /// Start values as PyTorch's, from our own stream: uniform in ±1/√fan-in for weights and biases, drawn in
    /// `state_dict` order.
    ///
    /// @param seed 0 to 4,294,967,295
    public static NetworkState fresh(TrainableNetwork network, long seed) {
        NetworkState state = new NetworkState(network);
        Mt19937 random = new Mt19937(seed);
        for (Parameter parameter : network.parameters()) {
            float[] values = new float[parameter.size()];
            switch (parameter.start()) {
                case UNIFORM -> {
                    double bound = 1 / Math.sqrt(parameter.fanIn());
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) ((2 * random.uniform() - 1) * bound);
                    }
                }
                case ONES, RUNNING_VARIANCE -> Arrays.fill(values, 1);
                case ZEROS, RUNNING_MEAN -> Arrays.fill(values, 0);
            }
            state.put(parameter, values);
        }
        return state;
    }

    /// Reads a checkpoint, or a part of a larger file.
    ///
    /// @param prefix in front of each name, perhaps empty
    /// @throws Failure OURS, if a tensor is missing or of another shape
    public static NetworkState read(TrainableNetwork network, Safetensors file, String prefix) {
        NetworkState state = new NetworkState(network);
        try {
            for (Parameter parameter : network.parameters()) {
                Safetensors.Tensor tensor = file.tensor(prefix + parameter.name());
                if (!Arrays.equals(tensor.shape(), parameter.shape())) {
                    throw Failure.ours(
                            "CHECKPOINT_SHAPE",
                            "tensor %s is %s, the network takes %s"
                                    .formatted(
                                            parameter.name(),
                                            Arrays.toString(tensor.shape()),
                                            Arrays.toString(parameter.shape())),
                            null);
                }
                state.put(parameter, tensor.floats());
            }
            return state;
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
    }

    private void put(Parameter parameter, float[] values) {
        tensors.put(parameter.name(), manager.create(values, new Shape(parameter.shape())));
    }

    /// Adds every tensor to a file.
    ///
    /// @param prefix in front of each name, perhaps empty
    public void write(SafetensorsWriter file, String prefix) {
        for (Parameter parameter : network.parameters()) {
            file.add(
                    prefix + parameter.name(),
                    parameter.shape(),
                    tensors.get(parameter.name()).toFloatArray());
        }
    }

    public TrainableNetwork network() {
        return network;
    }

    /// @return tensors by name, in `state_dict` order
    public Map<String, NDArray> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    NDManager manager() {
        return manager;
    }

    @Override
    public void close() {
        manager.close();
    }
}
