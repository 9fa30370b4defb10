package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import java.util.Map;

/// Batch normalization over channels, as PyTorch's `BatchNorm2d`: Ioffe and Szegedy, 2015.
final class BatchNorm {
    private static final double MOMENTUM = 0.1;
    private static final double EPSILON = 1e-5;

    private BatchNorm() {}

    /// Adds the four tensors of one batch norm, in `state_dict` order.
    ///
    /// @param scale initial scale: ones, or zeros before a sum that starts as the identity
    static void add(List<Parameter> all, String name, long channels, Parameter.Start scale) {
        long[] shape = {channels};
        all.add(new Parameter(name + ".weight", shape, scale, 0));
        all.add(new Parameter(name + ".bias", shape, Parameter.Start.ZEROS, 0));
        all.add(new Parameter(name + ".running_mean", shape, Parameter.Start.RUNNING_MEAN, 0));
        all.add(new Parameter(name + ".running_var", shape, Parameter.Start.RUNNING_VARIANCE, 0));
    }

    /// In training, `x` is normalized by its own mean and variance, and the running statistics are updated. With
    /// one value per channel there is no variance, and PyTorch refuses the computation. Such an `x` is normalized
    /// by the running statistics, as in evaluation, and does not update them.
    ///
    /// @param x f32 [n, channels] or [n, channels, height, width]
    /// @return the same shape
    static NDArray of(NDArray x, Map<String, NDArray> state, String name, boolean training) {
        // The engine's method names its parameters in another order than it uses them. This order is correct.
        return JniUtils.batchNorm(
                (PtNDArray) x,
                (PtNDArray) state.get(name + ".running_mean"),
                (PtNDArray) state.get(name + ".running_var"),
                (PtNDArray) state.get(name + ".weight"),
                (PtNDArray) state.get(name + ".bias"),
                training && valuesPerChannel(x.getShape()) > 1,
                MOMENTUM,
                EPSILON);
    }

    private static long valuesPerChannel(Shape shape) {
        return shape.size() / shape.get(1);
    }
}
