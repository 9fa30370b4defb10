package io.peregrine.vision.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.random.Mt19937;
import io.peregrine.vision.engine.FloatKernels;
import io.peregrine.vision.engine.TensorMemory;
import io.peregrine.vision.engine.TorchEngine;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// A network's tensors in the engine's memory, by their `state_dict` names.
public final class NetworkState implements AutoCloseable {
    private final TrainableNetwork network;
    private final List<Parameter> parameters;
    private final NDManager manager;
    private final SequencedMap<String, NDArray> tensors = new LinkedHashMap<>();

    private NetworkState(TrainableNetwork network, List<Parameter> parameters, Device device) {
        this.network = network;
        this.parameters = List.copyOf(parameters);
        this.manager = TorchEngine.load().newBaseManager(device);
    }

    /// Zeros in CPU memory, to be filled there.
    private static NetworkState zeros(TrainableNetwork network, List<Parameter> parameters) {
        parameters.forEach(Parameter::mustFit);
        NetworkState state = new NetworkState(network, parameters, Device.cpu());
        for (Parameter parameter : parameters) {
            state.tensors.put(parameter.name(), state.manager.zeros(new Shape(parameter.shape())));
        }
        return state;
    }

    /// Moves the tensors to the device of the computation.
    ///
    /// @param wanted as in [TorchEngine#device]
    /// @return this state, or its replacement on the device
    /// @throws FailureException INPUT `NO_SUCH_DEVICE`; this state is then closed
    public NetworkState on(String wanted) {
        try {
            Device device = TorchEngine.device(wanted);
            return device.equals(manager.getDevice()) ? this : moved(device);
        } catch (FailureException none) {
            close();
            throw none;
        }
    }

    /// @return the same tensors on a device; this state is closed
    public NetworkState moved(Device device) {
        NetworkState moved = new NetworkState(network, parameters, device);
        tensors.forEach((name, tensor) -> {
            NDArray copy = tensor.toDevice(device, true);
            copy.attach(moved.manager);
            moved.tensors.put(name, copy);
        });
        close();
        return moved;
    }

    /// @return whether the tensors are in CPU memory, so that they can be changed in place
    public boolean isInMemory() {
        return !manager.getDevice().isGpu();
    }

    /// @return the engine's name of the device, such as `cpu` or `gpu0`
    public String device() {
        Device device = manager.getDevice();
        return device.getDeviceType() + (device.isGpu() ? device.getDeviceId() : "");
    }

    /// Initial values as in PyTorch, but from Peregrine's own random stream. Weights and biases are uniform in
    /// ±1/√fan-in, drawn in `state_dict` order. A network may prescribe other values.
    ///
    /// @param seed 0 to 4,294,967,295
    public static NetworkState fresh(TrainableNetwork network, long seed) {
        NetworkState state = zeros(network, network.parameters());
        Mt19937 random = new Mt19937(seed);
        for (Parameter parameter : state.parameters) {
            MemorySegment values = state.memory(parameter);
            switch (parameter.start()) {
                case UNIFORM -> {
                    double bound = 1 / Math.sqrt(parameter.fanIn());
                    for (int i = 0; i < parameter.size(); i++) {
                        values.setAtIndex(FloatKernels.LAYOUT, i, (float) ((2 * random.uniform() - 1) * bound));
                    }
                }
                case ONES, RUNNING_VARIANCE -> {
                    for (int i = 0; i < parameter.size(); i++) {
                        values.setAtIndex(FloatKernels.LAYOUT, i, 1);
                    }
                }
                case ZEROS, RUNNING_MEAN -> {
                    // Every tensor is zero initially.
                }
            }
            for (int i = 0; parameter.given() != null && i < parameter.size(); i++) {
                double value = parameter.given().applyAsDouble(i);
                if (!Double.isNaN(value)) {
                    values.setAtIndex(FloatKernels.LAYOUT, i, (float) value);
                }
            }
        }
        return state;
    }

    /// Reads a checkpoint, or a part of a larger file.
    ///
    /// @param prefix prefix of each name, may be empty
    /// @throws FailureException INTERNAL, if a tensor is missing or has another shape
    public static NetworkState read(TrainableNetwork network, Safetensors file, String prefix) {
        return read(network, network.parameters(), file, prefix);
    }

    /// Uses weights that a user supplies.
    ///
    /// @throws FailureException INPUT `INITIAL_WEIGHTS_MISMATCH`, if the weights do not match the network
    public static NetworkState given(TrainableNetwork network, Safetensors file) {
        StateDict.mustFit(network, file);
        return read(network, file, "");
    }

    /// Reads some of a network's tensors, for callers that need no others.
    static NetworkState read(TrainableNetwork network, List<Parameter> parameters, Safetensors file, String prefix) {
        NetworkState state = zeros(network, parameters);
        try {
            for (Parameter parameter : parameters) {
                Safetensors.Tensor tensor = file.tensor(prefix + parameter.name());
                if (!StateDict.fits(tensor, parameter)) {
                    throw FailureException.internal(
                            "CHECKPOINT_SHAPE",
                            "tensor %s is %s %s, but the network needs F32 %s"
                                    .formatted(
                                            parameter.name(),
                                            tensor.dtype(),
                                            Arrays.toString(tensor.shape()),
                                            Arrays.toString(parameter.shape())),
                            null);
                }
                state.memory(parameter).copyFrom(tensor.data());
            }
            return state;
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
    }

    /// Adds every tensor to a file. Tensors in CPU memory are not copied, so write the file before the next step.
    ///
    /// @param prefix prefix of each name, may be empty
    public void write(SafetensorsWriter file, String prefix) {
        for (Parameter parameter : parameters) {
            MemorySegment values = isInMemory() ? memory(parameter) : TensorMemory.copy(tensors.get(parameter.name()));
            file.add(prefix + parameter.name(), DType.F32, parameter.shape(), values);
        }
    }

    private MemorySegment memory(Parameter parameter) {
        return TensorMemory.of(tensors.get(parameter.name()));
    }

    /// Results of an operation belong to the manager of its first operand. Copies of the handles attach them to
    /// the step's manager.
    ///
    /// @param step a manager that is closed after the step; the tensors' memory is kept
    public Map<String, NDArray> handles(NDManager step) {
        Map<String, NDArray> handles = new HashMap<>();
        tensors.forEach((name, tensor) -> handles.put(name, TensorMemory.handle(tensor, step)));
        return handles;
    }

    /// @return the network's output for a batch, without training, flat in C order
    public float[] output(Batch batch) {
        try (NDManager step = manager.newSubManager()) {
            return network.output(handles(step), batch.pixels(step), false).toFloatArray();
        }
    }

    public List<Parameter> parameters() {
        return parameters;
    }

    public TrainableNetwork network() {
        return network;
    }

    /// @return tensors by name, in `state_dict` order
    public Map<String, NDArray> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    public NDManager manager() {
        return manager;
    }

    @Override
    public void close() {
        manager.close();
    }
}
