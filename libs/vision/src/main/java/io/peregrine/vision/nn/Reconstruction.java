package io.peregrine.vision.nn;

import io.peregrine.artifacts.Safetensors;
import java.lang.foreign.MemorySegment;

/// Encodes and decodes an image with a trained autoencoder.
public final class Reconstruction {
    private Reconstruction() {}

    /// @param weights an autoencoder's checkpoint; all of it is in memory during the call
    /// @param image u8 [3, side, side]
    /// @return f32 [3, side, side], about 0 to 255
    /// @throws FailureException INTERNAL, if the checkpoint is invalid, or `SIDE_DIFFERS`, if it is for images of
    ///     another side
    public static float[] of(Safetensors weights, MemorySegment image, int side) {
        Autoencoder network = Autoencoder.of(weights);
        network.mustTake(side);
        try (NetworkState state = NetworkState.read(network, weights, "");
                Batch batch = new Batch(1, side)) {
            batch.fill(0, image);
            batch.count(1);
            return state.output(batch);
        }
    }
}
