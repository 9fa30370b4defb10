package io.peregrine.vision.nn;

import ai.djl.ndarray.NDArray;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.FailureException;
import java.util.Map;

/// A network that encodes an image as a short latent vector and decodes it again; trained with the mean squared
/// error.
///
/// The names of the encoder's tensors start with `encoder.`.
public sealed interface Autoencoder extends TrainableNetwork permits SeedAutoencoder, ResNetAutoencoder {
    /// @param weights an autoencoder's checkpoint
    /// @return the checkpoint's network
    static Autoencoder of(Safetensors weights) {
        // Checkpoints from before the second preset existed do not name theirs.
        return ResNetAutoencoder.PRESET.equals(weights.metadata().get("preset"))
                ? ResNetAutoencoder.of(weights)
                : SeedAutoencoder.of(weights);
    }

    /// @return side of the input images
    int side();

    /// @return length of a latent vector
    int latent();

    /// @return f32 [n, latent]: the latent vector of each image
    NDArray encode(Map<String, NDArray> state, NDArray pixels);

    /// @return f32 [n, 3, side, side]: the image decoded from each latent vector
    NDArray decode(Map<String, NDArray> state, NDArray code);

    @Override
    default NDArray output(Map<String, NDArray> state, NDArray pixels, boolean training) {
        return decode(state, encode(state, pixels));
    }

    @Override
    default NDArray loss(NDArray output, NDArray pixels, NDArray labels) {
        return output.sub(pixels).square().mean();
    }

    /// @throws FailureException INTERNAL `SIDE_DIFFERS`, if the images have another side
    default void mustTake(int side) {
        if (side != side()) {
            throw FailureException.internal(
                    "SIDE_DIFFERS",
                    "images have side %d, but this autoencoder needs side %d".formatted(side, side()),
                    null);
        }
    }
}
