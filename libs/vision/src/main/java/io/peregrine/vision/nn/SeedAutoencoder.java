package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import io.peregrine.artifacts.Safetensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The report's autoencoder: three convolutions (kernel 2, stride 2, padding 1) with ReLU and a linear layer to
/// the latent vector. The decoder mirrors it with transposed convolutions and a final ReLU. Trained with the mean
/// squared error. The side may be any multiple of 8.
public final class SeedAutoencoder implements Autoencoder {
    /// Name of the preset in a specification.
    public static final String PRESET = "seed-autoencoder";

    private static final int[] CHANNELS = {3, 16, 32, 64};
    private static final Shape ONE = new Shape(1, 1);
    private static final Shape TWO = new Shape(2, 2);

    private final int side;
    private final int latent;
    private final int width;

    /// @param side of the square images, a multiple of 8
    /// @param latent length of the latent vector
    public SeedAutoencoder(int side, int latent) {
        this.side = side;
        this.latent = latent;
        // Side after each convolution: ⌊w / 2⌋ + 1.
        this.width = side / 8 + 1;
    }

    /// @param weights a `seed-autoencoder` checkpoint
    /// @return the checkpoint's network
    static SeedAutoencoder of(Safetensors weights) {
        long[] code = weights.tensor("encoder.7.weight").shape();
        int width = (int) Math.round(Math.sqrt(code[1] / 64.0));
        return new SeedAutoencoder((width - 1) * 8, Math.toIntExact(code[0]));
    }

    @Override
    public int side() {
        return side;
    }

    @Override
    public int latent() {
        return latent;
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        for (int layer = 0; layer < 3; layer++) {
            int in = CHANNELS[layer];
            int out = CHANNELS[layer + 1];
            SeedCnn.add(all, "encoder." + 2 * layer, Parameter.Start.UNIFORM, in * 4L, new long[] {out, in, 2, 2}, out);
        }
        long features = (long) CHANNELS[3] * width * width;
        SeedCnn.add(all, "encoder.7", Parameter.Start.UNIFORM, features, new long[] {latent, features}, latent);
        SeedCnn.add(all, "decoder.0", Parameter.Start.UNIFORM, latent, new long[] {features, latent}, features);
        for (int layer = 0; layer < 3; layer++) {
            int in = CHANNELS[3 - layer];
            int out = CHANNELS[2 - layer];
            // In PyTorch, fan-in of a transposed convolution is computed from the weight's second dimension.
            SeedCnn.add(
                    all,
                    "decoder." + (3 + 2 * layer),
                    Parameter.Start.UNIFORM,
                    out * 4L,
                    new long[] {in, out, 2, 2},
                    out);
        }
        return all;
    }

    @Override
    public NDArray encode(Map<String, NDArray> state, NDArray pixels) {
        NDArray x = pixels;
        for (int layer = 0; layer < 3; layer++) {
            String name = "encoder." + 2 * layer;
            x = Activation.relu(Conv2d.conv2d(x, state.get(name + ".weight"), state.get(name + ".bias"), TWO, ONE)
                    .singletonOrThrow());
        }
        x = x.reshape(x.getShape().get(0), -1);
        return Linear.linear(x, state.get("encoder.7.weight"), state.get("encoder.7.bias"))
                .singletonOrThrow();
    }

    @Override
    public NDArray decode(Map<String, NDArray> state, NDArray code) {
        NDArray x = Activation.relu(Linear.linear(code, state.get("decoder.0.weight"), state.get("decoder.0.bias"))
                .singletonOrThrow());
        x = x.reshape(x.getShape().get(0), CHANNELS[3], width, width);
        for (int layer = 0; layer < 3; layer++) {
            String name = "decoder." + (3 + 2 * layer);
            boolean outputPadding = layer < 2;
            x = Activation.relu(
                    convTranspose(x, state.get(name + ".weight"), state.get(name + ".bias"), outputPadding));
        }
        return x;
    }

    /// Transposed convolution, kernel 2, stride 2, padding 1. It is computed as a 1×1 convolution to 4 positions
    /// per pixel, interleaved, without the border that the padding removes. DJL has no transposed convolution.
    ///
    /// @param x f32 [n, in, h, w]
    /// @param weight f32 [in, out, 2, 2], PyTorch's layout
    private static NDArray convTranspose(NDArray x, NDArray weight, NDArray bias, boolean outputPadding) {
        long n = x.getShape().get(0);
        long h = x.getShape().get(2);
        long w = x.getShape().get(3);
        long in = weight.getShape().get(0);
        long out = weight.getShape().get(1);
        NDArray places = weight.reshape(in, out * 4).transpose().reshape(out * 4, in, 1, 1);
        NDArray spread = Conv2d.conv2d(x, places)
                .singletonOrThrow()
                .reshape(n, out, 2, 2, h, w)
                .transpose(0, 1, 4, 2, 5, 3)
                .reshape(n, out, 2 * h, 2 * w);
        String rim = outputPadding ? "1:" : "1:-1";
        return spread.get(new NDIndex(":, :, %s, %s".formatted(rim, rim))).add(bias.reshape(1, out, 1, 1));
    }
}
