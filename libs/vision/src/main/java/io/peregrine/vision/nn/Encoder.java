package io.peregrine.vision.nn;

import ai.djl.ndarray.NDManager;
import io.peregrine.artifacts.Safetensors;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The encoder of a trained autoencoder: images to latent vectors. The same images give the same latents for the
/// same number of engine threads and the same batch.
public final class Encoder implements AutoCloseable {
    /// Images per engine call: limits the memory, and affects the last bits.
    private static final int AT_ONCE = 32;

    private final Autoencoder network;
    private final NetworkState state;
    private final Batch batch;

    /// @param weights an autoencoder's checkpoint
    /// @throws FailureException INTERNAL, if the checkpoint is invalid
    public Encoder(Safetensors weights) {
        network = Autoencoder.of(weights);
        List<Parameter> half = network.parameters().stream()
                .filter(parameter -> parameter.name().startsWith("encoder."))
                .toList();
        state = NetworkState.read(network, half, weights, "");
        batch = new Batch(AT_ONCE, network.side());
    }

    /// @return length of a latent vector
    public int latent() {
        return network.latent();
    }

    /// @param images u8 [count, 3, side, side]
    /// @param side side of the images, as in the checkpoint
    /// @return f32 [count, latent], flat
    /// @throws FailureException INTERNAL `SIDE_DIFFERS`, if the images have another side
    public float[] encode(MemorySegment images, int count, int side) {
        network.mustTake(side);
        int latent = network.latent();
        long values = 3L * side * side;
        float[] latents = new float[count * latent];
        for (int from = 0; from < count; from += AT_ONCE) {
            int rows = Math.min(AT_ONCE, count - from);
            for (int row = 0; row < rows; row++) {
                batch.fill(row, images.asSlice((from + row) * values, values));
            }
            batch.count(rows);
            try (NDManager manager = state.manager().newSubManager()) {
                float[] part = network.encode(state.handles(manager), batch.pixels(manager))
                        .toFloatArray();
                System.arraycopy(part, 0, latents, from * latent, part.length);
            }
        }
        return latents;
    }

    @Override
    public void close() {
        batch.close();
        state.close();
    }
}
