package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import io.peregrine.artifacts.Safetensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/// A residual autoencoder over patches of 8×8 pixels, for a few thousand to a hundred thousand images.
///
/// A convolution turns each patch into a vector. Residual blocks (He and others, 2016; without norms, each
/// starting as the identity) exchange information between neighbouring patches. A linear layer produces the
/// latent vector. The decoder mirrors the encoder. Its last convolution computes a patch's pixels from its vector
/// and those of its neighbours (Shi and others, "Real-Time Single Image … Sub-Pixel Convolutional Neural
/// Network", 2016).
///
/// Its initial weights are the best linear code of this length without training data. They encode the mean
/// brightness and colours of the patches and their lowest frequencies ([DctInit]). They decode with linear
/// interpolation between patches. Training continues from there. The side may be any multiple of 8.
public final class ResNetAutoencoder implements Autoencoder {
    /// Name of the preset in a specification.
    public static final String PRESET = "resnet-autoencoder";

    private static final int PATCH = 8;
    private static final int DEFAULT_CHANNELS = 32;
    private static final int DEFAULT_HIDDEN = 64;
    private static final int BLOCKS = 2;
    private static final float SCALE = 64;
    private static final Shape NONE = new Shape(0, 0);
    private static final Shape ONE = new Shape(1, 1);
    private static final Shape PATCHES = new Shape(PATCH, PATCH);
    /// Brightness and two colour differences, orthonormal.
    private static final double[][] COLOURS = {
        {1 / Math.sqrt(3), 1 / Math.sqrt(3), 1 / Math.sqrt(3)},
        {1 / Math.sqrt(2), 0, -1 / Math.sqrt(2)},
        {1 / Math.sqrt(6), -2 / Math.sqrt(6), 1 / Math.sqrt(6)}
    };

    private final int side;
    private final int latent;
    private final int channels;
    private final int hidden;
    private final int grid;

    /// @param side of the square images, a multiple of 8
    /// @param latent length of the latent vector
    public ResNetAutoencoder(int side, int latent) {
        this(side, latent, DEFAULT_CHANNELS, DEFAULT_HIDDEN);
    }

    /// @param channels length of a patch's vector, at least 3
    /// @param hidden channels within a block
    ResNetAutoencoder(int side, int latent, int channels, int hidden) {
        this.side = side;
        this.latent = latent;
        this.channels = channels;
        this.hidden = hidden;
        this.grid = side / PATCH;
    }

    /// @param weights a checkpoint of this preset
    static ResNetAutoencoder of(Safetensors weights) {
        long[] code = weights.tensor("encoder.code.weight").shape();
        long[] inner = weights.tensor("encoder.blocks.0.conv1.weight").shape();
        int grid = (int) Math.round(Math.sqrt((double) code[1] / inner[1]));
        return new ResNetAutoencoder(
                grid * PATCH, Math.toIntExact(code[0]), Math.toIntExact(inner[1]), Math.toIntExact(inner[0]));
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
        int patch = 3 * PATCH * PATCH;
        int features = channels * grid * grid;
        DctInit cosines = new DctInit(channels, grid, latent);
        all.add(new Parameter(
                "encoder.patches.weight",
                new long[] {channels, 3, PATCH, PATCH},
                Parameter.Start.UNIFORM,
                patch,
                ResNetAutoencoder::mean));
        zeros(all, "encoder.patches.bias", channels);
        blocks(all, "encoder.blocks.");
        all.add(zerosBut("encoder.code.weight", i -> value(cosines, i / features, i % features), latent, features));
        zeros(all, "encoder.code.bias", latent);
        all.add(zerosBut("decoder.code.weight", i -> value(cosines, i % latent, i / latent), features, latent));
        zeros(all, "decoder.code.bias", features);
        blocks(all, "decoder.blocks.");
        all.add(zerosBut("decoder.pixels.weight", this::line, patch, channels, 3, 3));
        zeros(all, "decoder.pixels.bias", patch);
        return all;
    }

    private void blocks(List<Parameter> all, String half) {
        for (int block = 0; block < BLOCKS; block++) {
            String name = half + block;
            long[] inner = {hidden, channels, 3, 3};
            all.add(new Parameter(name + ".conv1.weight", inner, Parameter.Start.UNIFORM, channels * 9L));
            all.add(new Parameter(name + ".conv1.bias", new long[] {hidden}, Parameter.Start.UNIFORM, channels * 9L));
            zeros(all, name + ".conv2.weight", channels, hidden, 3, 3);
            zeros(all, name + ".conv2.bias", channels);
        }
    }

    private static void zeros(List<Parameter> all, String name, long... shape) {
        all.add(new Parameter(name, shape, Parameter.Start.ZEROS, 0));
    }

    private static Parameter zerosBut(String name, IntToDoubleFunction given, long... shape) {
        return new Parameter(name, shape, Parameter.Start.ZEROS, 0, given);
    }

    /// The first channels start as a patch's mean brightness and colours, the others randomly.
    private static double mean(int place) {
        int channel = place / (3 * PATCH * PATCH);
        int colour = place / (PATCH * PATCH) % 3;
        return channel < 3 ? COLOURS[channel][colour] / (PATCH * PATCH) : Double.NaN;
    }

    /// @param feature index in [channel, patch down, patch across]
    private double value(DctInit cosines, int code, int feature) {
        return cosines.at(code, feature / (grid * grid), feature / grid % grid, feature % grid);
    }

    /// A pixel's initial value is the linear interpolation between the means of its own patch and of the nearest
    /// other patch.
    ///
    /// @param place index in [colour, pixel down, pixel across], [channel, patch down, patch across]
    private double line(int place) {
        int channel = place / 9 % channels;
        int pixel = place / (9 * channels);
        if (channel >= 3) {
            return 0;
        }
        return COLOURS[channel][pixel / (PATCH * PATCH)]
                * share(pixel / PATCH % PATCH, place / 3 % 3)
                * share(pixel % PATCH, place % 3);
    }

    /// @param pixel index in its patch
    /// @param patch 0: the previous one, 1: its own, 2: the next one
    private static double share(int pixel, int patch) {
        double fromMiddle = (pixel + 0.5) / PATCH - 0.5;
        return Math.max(0, 1 - Math.abs(fromMiddle - (patch - 1)));
    }

    @Override
    public NDArray encode(Map<String, NDArray> state, NDArray pixels) {
        NDArray x = convolution(state, "encoder.patches", pixels.mul(1 / SCALE).sub(2), PATCHES, NONE);
        x = blocks(state, "encoder.blocks.", x);
        return linear(state, "encoder.code", x.reshape(x.getShape().get(0), -1));
    }

    @Override
    public NDArray decode(Map<String, NDArray> state, NDArray code) {
        long n = code.getShape().get(0);
        NDArray x = linear(state, "decoder.code", code).reshape(n, channels, grid, grid);
        x = blocks(state, "decoder.blocks.", x);
        return convolution(state, "decoder.pixels", x, ONE, ONE)
                .reshape(n, 3, PATCH, PATCH, grid, grid)
                .transpose(0, 1, 4, 2, 5, 3)
                .reshape(n, 3, side, side)
                .add(2)
                .mul(SCALE);
    }

    private static NDArray blocks(Map<String, NDArray> state, String half, NDArray x) {
        for (int block = 0; block < BLOCKS; block++) {
            NDArray inner = Activation.relu(convolution(state, half + block + ".conv1", x, ONE, ONE));
            x = x.add(convolution(state, half + block + ".conv2", inner, ONE, ONE));
        }
        return x;
    }

    private static NDArray convolution(
            Map<String, NDArray> state, String name, NDArray x, Shape stride, Shape padding) {
        return Conv2d.conv2d(x, state.get(name + ".weight"), state.get(name + ".bias"), stride, padding)
                .singletonOrThrow();
    }

    private static NDArray linear(Map<String, NDArray> state, String name, NDArray x) {
        return Linear.linear(x, state.get(name + ".weight"), state.get(name + ".bias"))
                .singletonOrThrow();
    }
}
