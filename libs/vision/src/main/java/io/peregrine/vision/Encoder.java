package io.peregrine.vision;

import ai.djl.ndarray.NDManager;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.Failure;
import io.peregrine.vision.Training.Batch;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The first half of a trained autoencoder: pictures to codes. The same pictures give the same codes for the same
/// number of engine threads and the same batch.
public final class Encoder implements AutoCloseable {
    /// Pictures that go through the engine at once: bounds the memory, and is part of what decides the last bits.
    private static final int AT_ONCE = 32;

    private final SeedAutoencoder network;
    private final NetworkState state;
    private final Batch batch;
    private final int latent;
    private final int side;

    /// @param weights a `seed-autoencoder` checkpoint
    /// @throws Failure OURS, if it is none
    public Encoder(Safetensors weights) {
        long[] code = weights.tensor("encoder.7.weight").shape();
        latent = Math.toIntExact(code[0]);
        int width = (int) Math.round(Math.sqrt(code[1] / 64.0));
        side = (width - 1) * 8;
        network = new SeedAutoencoder(side, latent);
        List<Parameter> half = network.parameters().stream()
                .filter(parameter -> parameter.name().startsWith("encoder."))
                .toList();
        state = NetworkState.read(network, half, weights, "");
        batch = new Batch(AT_ONCE, side);
    }

    /// @return length of a code
    public int latent() {
        return latent;
    }

    /// @param pictures u8 [count, 3, side, side]
    /// @param side as the checkpoint's
    /// @return f32 [count, latent], flat
    /// @throws Failure OURS `SIDE_DIFFERS`, if the pictures are of another side
    public float[] encode(MemorySegment pictures, int count, int side) {
        if (side != this.side) {
            throw Failure.ours(
                    "SIDE_DIFFERS",
                    "pictures of side %d, but this autoencoder takes side %d".formatted(side, this.side),
                    null);
        }
        long values = 3L * side * side;
        float[] codes = new float[count * latent];
        for (int from = 0; from < count; from += AT_ONCE) {
            int rows = Math.min(AT_ONCE, count - from);
            for (int row = 0; row < rows; row++) {
                batch.fill(row, pictures.asSlice((from + row) * values, values));
            }
            batch.count(rows);
            try (NDManager manager = state.manager().newSubManager()) {
                float[] part = network.encode(state.handles(manager), batch.pixels(manager))
                        .toFloatArray();
                System.arraycopy(part, 0, codes, from * latent, part.length);
            }
        }
        return codes;
    }

    @Override
    public void close() {
        batch.close();
        state.close();
    }
}
