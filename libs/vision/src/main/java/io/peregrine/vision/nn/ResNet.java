package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// A residual network for a few thousand to a hundred thousand images: He, Zhang, Ren, Sun, "Deep Residual
/// Learning for Image Recognition", 2016, with torchvision's names and blocks and a third of its channels.
///
/// Pixels are scaled to −2 … 2. A 3×3 convolution and a max-pool reduce the side to a quarter. Three stages of
/// two basic blocks each follow (32, 64, 128 channels; the last two stages halve the side). Each block starts as
/// the identity (Goyal et al., 2017). The features are each channel's mean and standard deviation over all
/// positions, from all three stages. They pass through batch norm, dropout, a linear layer to the classes and
/// log-softmax. Such statistics represent style (Huang, Belongie, "Arbitrary Style Transfer in Real-time with
/// Adaptive Instance Normalization", 2017), and the first stage already detects colour and brushwork.
///
/// The side may be any number from 8 on, and a batch may have one row ([BatchNorm#of]).
public final class ResNet implements Classifier {
    /// Name of the preset in a specification.
    public static final String PRESET = "resnet";

    private static final int[] USUAL = {32, 64, 128};
    private static final int BLOCKS = 2;
    private static final Shape ONE = new Shape(1, 1);
    private static final Shape TWO = new Shape(2, 2);
    private static final Shape THREE = new Shape(3, 3);
    private static final Shape NONE = new Shape(0, 0);
    /// The derivative of the root is infinite at 0, where a channel is constant.
    private static final float LEAST_VARIANCE = 1e-4f;

    private final int[] channels;
    private final int classes;
    private final float dropout;
    private final CrossEntropy loss;

    /// @param classes at least 2
    /// @param dropout share of the features that are dropped in training, 0 to below 1
    /// @param weights class weights in the training loss; null if all are equal
    /// @param smoothing share of the label spread over all classes in training, 0 to below 1
    public ResNet(int classes, double dropout, float[] weights, double smoothing) {
        this(USUAL, classes, dropout, weights, smoothing);
    }

    /// @param channels channels of the three stages; consecutive ones differ
    public ResNet(int[] channels, int classes, double dropout, float[] weights, double smoothing) {
        this.channels = channels.clone();
        this.classes = classes;
        this.dropout = (float) dropout;
        this.loss = new CrossEntropy(weights, (float) smoothing);
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        convolution(all, "conv1", 3, channels[0], 3);
        BatchNorm.add(all, "bn1", channels[0], Parameter.Start.ONES);
        int in = channels[0];
        for (int stage = 0; stage < channels.length; stage++) {
            int out = channels[stage];
            for (int block = 0; block < BLOCKS; block++) {
                String name = block(stage, block);
                convolution(all, name + ".conv1", in, out, 3);
                BatchNorm.add(all, name + ".bn1", out, Parameter.Start.ONES);
                convolution(all, name + ".conv2", out, out, 3);
                BatchNorm.add(all, name + ".bn2", out, Parameter.Start.ZEROS);
                if (in != out) {
                    convolution(all, name + ".downsample.0", in, out, 1);
                    BatchNorm.add(all, name + ".downsample.1", out, Parameter.Start.ONES);
                }
                in = out;
            }
        }
        int statistics = 2 * Arrays.stream(channels).sum();
        BatchNorm.add(all, "norm", statistics, Parameter.Start.ONES);
        all.add(new Parameter("fc.weight", new long[] {classes, statistics}, Parameter.Start.UNIFORM, statistics));
        all.add(new Parameter("fc.bias", new long[] {classes}, Parameter.Start.UNIFORM, statistics));
        return all;
    }

    private static String block(int stage, int block) {
        return "layer" + (stage + 1) + "." + block;
    }

    private static void convolution(List<Parameter> all, String name, int in, int out, int kernel) {
        long[] shape = {out, in, kernel, kernel};
        all.add(new Parameter(name + ".weight", shape, Parameter.Start.UNIFORM, (long) in * kernel * kernel));
    }

    /// @return f32 [n, classes]: log-probabilities
    @Override
    public NDArray output(Map<String, NDArray> state, NDArray pixels, boolean training) {
        NDArray x = channelsLast(pixels.mul(1f / 64).sub(2f));
        x = Activation.relu(normed(x, state, "conv1", "bn1", TWO, ONE, training));
        x = Pool.maxPool2d(x, THREE, TWO, ONE, false);
        NDList statistics = new NDList();
        for (int stage = 0; stage < channels.length; stage++) {
            for (int block = 0; block < BLOCKS; block++) {
                x = residual(x, state, block(stage, block), stage > 0 && block == 0, training);
            }
            addStatistics(x, statistics);
        }
        x = BatchNorm.of(NDArrays.concat(statistics, 1), state, "norm", training);
        if (training && dropout > 0) {
            x = Dropout.dropout(x, dropout, true).singletonOrThrow();
        }
        return Linear.linear(x, state.get("fc.weight"), state.get("fc.bias"))
                .singletonOrThrow()
                .logSoftmax(1);
    }

    /// Adds each channel's mean and standard deviation over all positions, f32 [n, channels] each.
    private static void addStatistics(NDArray x, NDList all) {
        // The engine's mean supports one axis.
        NDArray flat = x.reshape(x.getShape().get(0), x.getShape().get(1), -1);
        NDArray mean = flat.mean(new int[] {2}, true);
        all.add(mean.squeeze(2));
        all.add(flat.sub(mean).square().mean(new int[] {2}).add(LEAST_VARIANCE).sqrt());
    }

    /// Converts the tensor to channels-last memory layout: the engine's convolutions are fastest with it on the
    /// CPU, and their outputs keep it.
    ///
    /// @return the same f32 [n, channels, side, side]
    private static NDArray channelsLast(NDArray x) {
        Shape shape = x.getShape();
        // The first reshape makes a copy.
        return x.transpose(0, 2, 3, 1)
                .reshape(shape.get(0), -1)
                .reshape(shape.get(0), shape.get(2), shape.get(3), shape.get(1))
                .transpose(0, 3, 1, 2);
    }

    private static NDArray residual(
            NDArray x, Map<String, NDArray> state, String name, boolean halves, boolean training) {
        Shape stride = halves ? TWO : ONE;
        NDArray y = Activation.relu(normed(x, state, name + ".conv1", name + ".bn1", stride, ONE, training));
        y = normed(y, state, name + ".conv2", name + ".bn2", ONE, ONE, training);
        NDArray shortcut =
                halves ? normed(x, state, name + ".downsample.0", name + ".downsample.1", TWO, NONE, training) : x;
        return Activation.relu(y.add(shortcut));
    }

    private static NDArray normed(
            NDArray x,
            Map<String, NDArray> state,
            String convolution,
            String norm,
            Shape stride,
            Shape padding,
            boolean training) {
        NDArray found = Conv2d.conv2d(x, state.get(convolution + ".weight"), null, stride, padding)
                .singletonOrThrow();
        return BatchNorm.of(found, state, norm, training);
    }

    @Override
    public CrossEntropy crossEntropy() {
        return loss;
    }
}
