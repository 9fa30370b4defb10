package io.peregrine.vision;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.peregrine.artifacts.DType;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.FailureException;
import io.peregrine.random.Mt19937;
import io.peregrine.vision.Training.Batch;
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

    /// Zeros in the processor's memory, to be filled there.
    private static NetworkState zeros(TrainableNetwork network, List<Parameter> parameters) {
        parameters.forEach(Parameter::mustFit);
        NetworkState state = new NetworkState(network, parameters, Device.cpu());
        for (Parameter parameter : parameters) {
            state.tensors.put(parameter.name(), state.manager.zeros(new Shape(parameter.shape())));
        }
        return state;
    }

    /// Takes the tensors to where they shall be computed with.
    ///
    /// @param wanted as [TorchEngine#device] takes it
    /// @return this, or what is there in its place
    /// @throws Failure INPUT `NO_SUCH_DEVICE`; then this is closed
    public NetworkState on(String wanted) {
        try {
            Device device = TorchEngine.device(wanted);
            return device.equals(manager.getDevice()) ? this : moved(device);
        } catch (FailureException none) {
            close();
            throw none;
        }
    }

    /// @return the same tensors on a device; these are closed
    NetworkState moved(Device device) {
        NetworkState there = new NetworkState(network, parameters, device);
        tensors.forEach((name, tensor) -> {
            NDArray copy = tensor.toDevice(device, true);
            copy.attach(there.manager);
            there.tensors.put(name, copy);
        });
        close();
        return there;
    }

    /// @return whether the tensors lie in the processor's memory, so that it can be worked on in place
    boolean isInMemory() {
        return !manager.getDevice().isGpu();
    }

    /// @return the engine's word for where the tensors lie, such as `cpu` or `gpu0`
    public String device() {
        Device device = manager.getDevice();
        return device.getDeviceType() + (device.isGpu() ? device.getDeviceId() : "");
    }

    /// Start values as PyTorch's, from our own stream: uniform in ±1/√fan-in for weights and biases, drawn in
    /// `state_dict` order; and those that a network gives.
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
                    // As every tensor begins.
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
    /// @param prefix in front of each name, perhaps empty
    /// @throws Failure OURS, if a tensor is missing or of another shape
    public static NetworkState read(TrainableNetwork network, Safetensors file, String prefix) {
        return read(network, network.parameters(), file, prefix);
    }

    /// Takes the weights that a user gives.
    ///
    /// @throws Failure INPUT `INIT_MISMATCH`, if they are not the network's
    public static NetworkState given(TrainableNetwork network, Safetensors file) {
        StateDict.mustFit(network, file);
        return read(network, file, "");
    }

    /// Reads some of a network's tensors, for one that needs no more.
    static NetworkState read(TrainableNetwork network, List<Parameter> parameters, Safetensors file, String prefix) {
        NetworkState state = zeros(network, parameters);
        try {
            for (Parameter parameter : parameters) {
                Safetensors.Tensor tensor = file.tensor(prefix + parameter.name());
                if (!StateDict.fits(tensor, parameter)) {
                    throw FailureException.internal(
                            "CHECKPOINT_SHAPE",
                            "tensor %s is %s %s, the network takes F32 %s"
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

    /// Adds every tensor to a file, where it can be by its own memory: write the file before the next step.
    ///
    /// @param prefix in front of each name, perhaps empty
    public void write(SafetensorsWriter file, String prefix) {
        for (Parameter parameter : parameters) {
            MemorySegment values = isInMemory() ? memory(parameter) : copy(tensors.get(parameter.name()));
            file.add(prefix + parameter.name(), DType.F32, parameter.shape(), values);
        }
    }

    private MemorySegment memory(Parameter parameter) {
        return Adam.memory(tensors.get(parameter.name()));
    }

    /// Results of an operation belong to its first operand's manager: copies of the handles keep them in the
    /// step's.
    ///
    /// @param step a manager that is closed after the step; the memory behind the handles stays
    Map<String, NDArray> handles(NDManager step) {
        Map<String, NDArray> handles = new HashMap<>();
        tensors.forEach((name, tensor) -> handles.put(name, handle(tensor, step)));
        return handles;
    }

    /// @return the same memory, under another manager
    static NDArray handle(NDArray tensor, NDManager step) {
        NDArray handle = tensor.stopGradient();
        handle.attach(step);
        return handle;
    }

    /// @return a tensor's values, wherever it lies
    static MemorySegment copy(NDArray tensor) {
        try (NDManager step = tensor.getManager().newSubManager()) {
            return MemorySegment.ofBuffer(handle(tensor, step).toByteBuffer(false));
        }
    }

    /// @return what the network makes of a batch, without learning, flat in C order
    float[] output(Batch batch) {
        try (NDManager step = manager.newSubManager()) {
            return network.output(handles(step), batch.pixels(step), false).toFloatArray();
        }
    }

    List<Parameter> parameters() {
        return parameters;
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
