package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import java.util.Map;

/// A network that makes a short code of an image, and an image of a code; trained by the mean squared error.
///
/// The tensors of its first half are named `encoder.…`.
public sealed interface Autoencoder extends TrainableNetwork permits SeedAutoencoder, ResNetAutoencoder {
    /// @param weights an autoencoder's checkpoint
    /// @return the network that it belongs to
    static Autoencoder of(Safetensors weights) {
        // A checkpoint of before there was a second one need not say which it is.
        return ResNetAutoencoder.PRESET.equals(weights.metadata().get("preset"))
                ? ResNetAutoencoder.of(weights)
                : SeedAutoencoder.of(weights);
    }

    /// @return side of the images that it takes
    int side();

    /// @return length of a code
    int latent();

    /// @return f32 [n, latent]: the code of each image
    NDArray encode(Map<String, NDArray> state, NDArray pixels);

    /// @return f32 [n, 3, side, side]: the image that each code stands for
    NDArray decode(Map<String, NDArray> state, NDArray code);

    @Override
    default NDArray output(Map<String, NDArray> state, NDArray pixels, boolean training) {
        return decode(state, encode(state, pixels));
    }

    @Override
    default NDArray loss(NDArray output, NDArray pixels, NDArray labels) {
        return output.sub(pixels).square().mean();
    }

    /// @throws Failure OURS `SIDE_DIFFERS`, if images are of another side
    default void mustTake(int side) {
        if (side != side()) {
            throw FailureException.internal(
                    "SIDE_DIFFERS",
                    "images of side %d, but this autoencoder takes side %d".formatted(side, side()),
                    null);
        }
    }
}
