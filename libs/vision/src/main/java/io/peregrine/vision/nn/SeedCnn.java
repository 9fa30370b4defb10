package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The report's classifier: three times convolution (kernel 2, padding 2), batch norm, ReLU and max-pool (4,
/// padding 2); then linear 300, dropout, ReLU, linear to the classes, log-softmax; trained with NLL. It exists
/// for reproduction and is not recommended.
public final class SeedCnn implements Classifier {
    /// Name of the preset in a specification.
    public static final String PRESET = "seed-cnn";

    private static final int[] CHANNELS = {3, 16, 32, 64};
    private static final int HIDDEN = 300;
    private static final Shape ONE = new Shape(1, 1);
    private static final Shape TWO = new Shape(2, 2);
    private static final Shape FOUR = new Shape(4, 4);

    private final int side;
    private final int classes;
    private final float dropout;
    private final CrossEntropy loss;

    /// @param side of the square images
    /// @param classes at least 2
    /// @param dropout share of hidden units that are dropped in training, 0 to below 1
    public SeedCnn(int side, int classes, double dropout) {
        this(side, classes, dropout, null, 0);
    }

    /// @param weights class weights in the training loss, as in PyTorch's `NLLLoss(weight=…)`; null if all are
    ///     equal
    /// @param smoothing share of the label spread over all classes in training, 0 to below 1
    public SeedCnn(int side, int classes, double dropout, float[] weights, double smoothing) {
        this.loss = new CrossEntropy(weights, (float) smoothing);
        this.side = side;
        this.classes = classes;
        this.dropout = (float) dropout;
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        int width = side;
        for (int layer = 1; layer < CHANNELS.length; layer++) {
            int in = CHANNELS[layer - 1];
            int out = CHANNELS[layer];
            add(all, "conv2d" + layer, Parameter.Start.UNIFORM, in * 4L, new long[] {out, in, 2, 2}, out);
            BatchNorm.add(all, "batchnorm2d" + layer, out, Parameter.Start.ONES);
            // Side after the convolution: w + 2·2 − 2 + 1; after pooling: ⌊(w + 2·2 − 4) / 4⌋ + 1.
            width = (width + 3) / 4 + 1;
        }
        long features = (long) CHANNELS[3] * width * width;
        add(all, "linear1", Parameter.Start.UNIFORM, features, new long[] {HIDDEN, features}, HIDDEN);
        add(all, "linear2", Parameter.Start.UNIFORM, HIDDEN, new long[] {classes, HIDDEN}, classes);
        return all;
    }

    static void add(List<Parameter> all, String layer, Parameter.Start start, long fanIn, long[] weight, long bias) {
        all.add(new Parameter(layer + ".weight", weight, start, fanIn));
        all.add(new Parameter(layer + ".bias", new long[] {bias}, start, fanIn));
    }

    /// @return f32 [n, classes]: log-probabilities
    @Override
    public NDArray output(Map<String, NDArray> state, NDArray pixels, boolean training) {
        NDArray x = pixels;
        for (int layer = 1; layer < CHANNELS.length; layer++) {
            String conv = "conv2d" + layer;
            x = Conv2d.conv2d(x, state.get(conv + ".weight"), state.get(conv + ".bias"), ONE, TWO)
                    .singletonOrThrow();
            x = Activation.relu(BatchNorm.of(x, state, "batchnorm2d" + layer, training));
            x = Pool.maxPool2d(x, FOUR, FOUR, TWO, false);
        }
        x = x.reshape(x.getShape().get(0), -1);
        x = Linear.linear(x, state.get("linear1.weight"), state.get("linear1.bias"))
                .singletonOrThrow();
        if (training && dropout > 0) {
            x = Dropout.dropout(x, dropout, true).singletonOrThrow();
        }
        x = Activation.relu(x);
        return Linear.linear(x, state.get("linear2.weight"), state.get("linear2.bias"))
                .singletonOrThrow()
                .logSoftmax(1);
    }

    @Override
    public CrossEntropy crossEntropy() {
        return loss;
    }
}
