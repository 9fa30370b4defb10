package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import java.util.Map;

/// Batch normalization over channels, as PyTorch's `BatchNorm2d`: Ioffe and Szegedy, 2015.
final class BatchNorm {
    private static final double MOMENTUM = 0.1;
    private static final double EPSILON = 1e-5;

    private BatchNorm() {}

    /// Adds the four tensors of one, in `state_dict` order.
    ///
    /// @param scale how its scale begins: ones, or zeros in front of a sum that is to begin as the identity
    static void add(List<Parameter> all, String name, long channels, Parameter.Start scale) {
        long[] shape = {channels};
        all.add(new Parameter(name + ".weight", shape, scale, 0));
        all.add(new Parameter(name + ".bias", shape, Parameter.Start.ZEROS, 0));
        all.add(new Parameter(name + ".running_mean", shape, Parameter.Start.RUNNING_MEAN, 0));
        all.add(new Parameter(name + ".running_var", shape, Parameter.Start.RUNNING_VARIANCE, 0));
    }

    /// The engine's own call: its parameter names are in another order than its arguments, this order is right.
    static NDArray of(NDArray x, Map<String, NDArray> state, String name, boolean training) {
        return JniUtils.batchNorm(
                (PtNDArray) x,
                (PtNDArray) state.get(name + ".running_mean"),
                (PtNDArray) state.get(name + ".running_var"),
                (PtNDArray) state.get(name + ".weight"),
                (PtNDArray) state.get(name + ".bias"),
                training,
                MOMENTUM,
                EPSILON);
    }
}
