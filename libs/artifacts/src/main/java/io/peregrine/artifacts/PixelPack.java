package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/// Decoded images of one class and split, memory-mapped: `pixels` u8 [n, 3, side, side], RGB.
///
/// A pack is created from 256 *listed* files; rejected files make it smaller. Its `__metadata__` describes how
/// the images were decoded.
public final class PixelPack implements AutoCloseable {
    /// Number of listed files per pack; the last pack of a class and split may have fewer.
    public static final int LISTED = 256;

    private final Safetensors file;
    private final int count;
    private final int side;
    private final MemorySegment pixels;

    private PixelPack(Safetensors file, ArtifactRef ref) {
        Safetensors.Tensor tensor = file.tensor("pixels");
        long[] shape = tensor.shape();
        if (tensor.dtype() != DType.U8 || shape.length != 4 || shape[1] != 3 || shape[2] != shape[3]) {
            throw FailureException.internal("PACK_CORRUPT", ref.uri() + " is not u8 [n, 3, side, side]", null);
        }
        this.file = file;
        this.count = Math.toIntExact(shape[0]);
        this.side = Math.toIntExact(shape[2]);
        this.pixels = tensor.data();
    }

    /// @param decoding how the images were decoded: side, fit, orientation, resize rule and decoder versions
    /// @param side side length of each image
    /// @param images u8 [3, side, side] each, in listed order without rejected ones; may be empty
    public static ArtifactRef publish(
            ArtifactPublisher publisher, Map<String, String> decoding, int side, List<byte[]> images) {
        return publishSegments(
                publisher,
                decoding,
                side,
                images.stream().map(MemorySegment::ofArray).toList());
    }

    /// Same as above for images in any memory, such as off-heap.
    public static ArtifactRef publishSegments(
            ArtifactPublisher publisher, Map<String, String> decoding, int side, List<MemorySegment> images) {
        SafetensorsWriter writer = new SafetensorsWriter();
        decoding.forEach(writer::metadata);
        writer.add("pixels", DType.U8, new long[] {images.size(), 3, side, side}, images);
        return publisher.publish("pack", "safetensors", writer::writeTo);
    }

    /// @throws FailureException INTERNAL if the artifact is missing, changed or not a pack
    public static PixelPack open(ArtifactStore store, ArtifactRef ref) {
        Safetensors file = Safetensors.open(store, ref);
        try {
            return new PixelPack(file, ref);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// @return number of images
    public int count() {
        return count;
    }

    /// @return pixels along each side
    public int side() {
        return side;
    }

    /// @return u8 [count, 3, side, side]
    public MemorySegment pixels() {
        return pixels;
    }

    /// @return u8 [3, side, side]
    public MemorySegment image(int index) {
        long values = 3L * side * side;
        return pixels.asSlice(index * values, values);
    }

    @Override
    public void close() {
        file.close();
    }
}
