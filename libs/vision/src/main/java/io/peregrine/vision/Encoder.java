package io.peregrine.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.Failure;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/// The first half of a trained autoencoder: pictures to codes. The same pictures give the same codes for the same
/// number of
/// engine threads and the same batch.
public final class Encoder implements AutoCloseable {
    private final SeedAutoencoder network;
    private final NetworkState state;
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
        state = NetworkState.read(network, weights, "");
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
        if (count == 0) {
            return new float[0];
        }
        byte[] bytes = pictures.asSlice(0, 3L * side * side * count).toArray(ValueLayout.JAVA_BYTE);
        float[] pixels = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            pixels[i] = bytes[i] & 0xff;
        }
        try (NDManager manager = state.manager().newSubManager()) {
            Map<String, NDArray> handles = new HashMap<>();
            state.tensors().forEach((name, tensor) -> {
                NDArray handle = tensor.stopGradient();
                handle.attach(manager);
                handles.put(name, handle);
            });
            NDArray batch =
                    manager.create(pixels, new Shape(count, 3, side, side)).toType(DataType.FLOAT32, false);
            return network.encode(handles, batch).toFloatArray();
        }
    }

    @Override
    public void close() {
        state.close();
    }
}
