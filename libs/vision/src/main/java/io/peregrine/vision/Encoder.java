package io.peregrine.vision;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.Failure;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// The first half of the report's autoencoder (`seed-autoencoder`): pictures to latents.
///
/// Three convolutions (3→16→32→64, kernel 2, stride 2, padding 1) with ReLU, then linear to the latent length;
/// pixels go
/// in as 0…255, unscaled. Not for several threads at once.
public final class Encoder implements AutoCloseable {
    /// `state_dict` places of the convolutions in `encoder`.
    private static final int[] CONVOLUTIONS = {0, 2, 4};
    private static final int LINEAR = 7;

    private final NDManager manager = Engine.getEngine("PyTorch").newBaseManager();
    private final Arena arena = Arena.ofConfined();
    private final NDArray[] weight = new NDArray[LINEAR + 1];
    private final NDArray[] bias = new NDArray[LINEAR + 1];
    private MemorySegment pixels = MemorySegment.NULL;

    /// @param weights a published checkpoint of an autoencoder: tensors under their `state_dict` names
    /// @throws Failure OURS, if a tensor of the encoder is missing
    public Encoder(Safetensors weights) {
        for (int layer : new int[] {CONVOLUTIONS[0], CONVOLUTIONS[1], CONVOLUTIONS[2], LINEAR}) {
            weight[layer] = load(weights.tensor("encoder.%d.weight".formatted(layer)));
            bias[layer] = load(weights.tensor("encoder.%d.bias".formatted(layer)));
        }
    }

    private NDArray load(Safetensors.Tensor tensor) {
        return manager.create(tensor.floats(), new Shape(tensor.shape()));
    }

    /// @return values of one latent
    public int latent() {
        return (int) bias[LINEAR].size();
    }

    /// Encodes pictures.
    ///
    /// @param pictures u8 [count, 3, side, side]
    /// @param side that the autoencoder was trained with
    /// @return float32 [count, latent]
    /// @throws Failure OURS, if the side is another one
    public float[] encode(MemorySegment pictures, int count, int side) {
        try (NDManager step = manager.newSubManager()) {
            NDArray x = step.create(copy(pictures), new Shape(count, 3, side, side), DataType.UINT8)
                    .toType(DataType.FLOAT32, false);
            x.attach(step);
            for (int layer : CONVOLUTIONS) {
                x = Activation.relu(Conv2d.conv2d(x, weight[layer], bias[layer], new Shape(2, 2), new Shape(1, 1))
                        .singletonOrThrow());
            }
            NDArray flat = x.reshape(count, -1);
            if (flat.getShape().get(1) != weight[LINEAR].getShape().get(1)) {
                throw Failure.ours(
                        "SIDE_DIFFERS",
                        "pictures of side %d make %d features, this autoencoder takes %d"
                                .formatted(
                                        side,
                                        flat.getShape().get(1),
                                        weight[LINEAR].getShape().get(1)),
                        null);
            }
            return flat.matMul(weight[LINEAR].transpose()).add(bias[LINEAR]).toFloatArray();
        }
    }

    /// One buffer for all batches: one for each would hold its memory until a garbage collection.
    private ByteBuffer copy(MemorySegment pictures) {
        if (pixels.byteSize() < pictures.byteSize()) {
            pixels = arena.allocate(pictures.byteSize());
        }
        return pixels.asSlice(0, pictures.byteSize()).copyFrom(pictures).asByteBuffer();
    }

    @Override
    public void close() {
        manager.close();
        arena.close();
    }
}
