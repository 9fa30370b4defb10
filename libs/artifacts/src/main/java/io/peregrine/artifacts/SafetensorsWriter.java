package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.artifacts.store.FullDisk;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Writes a safetensors file. The same tensors in the same order give the same bytes.
public final class SafetensorsWriter {
    private record Part(String name, DType dtype, long[] shape, List<MemorySegment> data, long bytes) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    /// One write to a channel takes at most 2³¹ − 1 bytes.
    private static final long WRITE_BYTES = 1 << 28;

    private final Map<String, String> metadata = new TreeMap<>();
    private final List<Part> parts = new ArrayList<>();

    /// Adds a metadata string to the header.
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /// @param shape in C order; its product is the number of values
    public SafetensorsWriter add(String name, long[] shape, float[] values) {
        return add(name, DType.F32, shape, MemorySegment.ofArray(values));
    }

    /// @param shape in C order; its product is the number of values
    public SafetensorsWriter add(String name, long[] shape, double[] values) {
        return add(name, DType.F64, shape, MemorySegment.ofArray(values));
    }

    /// @param shape in C order; its product is the number of values
    public SafetensorsWriter add(String name, long[] shape, long[] values) {
        return add(name, DType.I64, shape, MemorySegment.ofArray(values));
    }

    /// @param shape in C order; its product is the number of values
    public SafetensorsWriter add(String name, long[] shape, byte[] values) {
        return add(name, DType.U8, shape, MemorySegment.ofArray(values));
    }

    /// @param data the tensor's bytes, little-endian
    public SafetensorsWriter add(String name, DType dtype, long[] shape, MemorySegment data) {
        return add(name, dtype, shape, List.of(data));
    }

    /// @param data consecutive pieces
    /// @throws IllegalArgumentException if shape and data differ in size
    public SafetensorsWriter add(String name, DType dtype, long[] shape, List<MemorySegment> data) {
        long bytes = dtype.bytes();
        for (long dimension : shape) {
            bytes = Math.multiplyExact(bytes, dimension);
        }
        long given = data.stream().mapToLong(MemorySegment::byteSize).sum();
        if (bytes != given) {
            throw new IllegalArgumentException(
                    "Tensor '%s' needs %d bytes for its shape, but has %d".formatted(name, bytes, given));
        }
        parts.add(new Part(name, dtype, shape.clone(), List.copyOf(data), bytes));
        return this;
    }

    /// @param file created or replaced
    /// @throws io.peregrine.events.FailureException INTERNAL `TENSORS_TOO_MANY` if the header would exceed the
    ///     limits of [Safetensors]
    public void writeTo(Path file) throws IOException {
        ByteBuffer header = header();
        long bytes = header.remaining() + parts.stream().mapToLong(Part::bytes).sum();
        try {
            write(file, header);
        } catch (IOException e) {
            throw new FullDisk.WriteException(bytes, e);
        }
    }

    private void write(Path file, ByteBuffer header) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeAll(channel, header);
            for (Part part : parts) {
                for (MemorySegment piece : part.data()) {
                    for (long at = 0; at < piece.byteSize(); at += WRITE_BYTES) {
                        MemorySegment slice = piece.asSlice(at, Math.min(WRITE_BYTES, piece.byteSize() - at));
                        // A heap segment of longs or floats cannot be viewed as a byte buffer.
                        writeAll(channel, bytesOf(slice));
                    }
                }
            }
        }
    }

    private static ByteBuffer bytesOf(MemorySegment slice) {
        if (slice.heapBase().map(base -> !(base instanceof byte[])).orElse(false)) {
            ByteBuffer copy = ByteBuffer.allocate((int) slice.byteSize());
            MemorySegment.ofBuffer(copy).copyFrom(slice);
            return copy;
        }
        return slice.asByteBuffer();
    }

    private ByteBuffer header() {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put("__metadata__", metadata);
        }
        long at = 0;
        for (Part part : parts) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", part.dtype().name());
            entry.put("shape", part.shape());
            entry.put("data_offsets", new long[] {at, at + part.bytes()});
            header.put(part.name(), entry);
            at += part.bytes();
        }
        try {
            byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
            if (json.length > Safetensors.MAX_HEADER_BYTES - 8 || parts.size() > Safetensors.MAX_TENSORS) {
                throw FailureException.internal(
                        "TENSORS_TOO_MANY",
                        "Cannot write a header of %,d bytes for %,d tensors; the maximum is %,d bytes and %,d tensors"
                                .formatted(
                                        json.length,
                                        parts.size(),
                                        Safetensors.MAX_HEADER_BYTES,
                                        Safetensors.MAX_TENSORS),
                        null);
            }
            // Pads with spaces, so that the data begins at a multiple of 8.
            int padded = (json.length + 7) / 8 * 8;
            ByteBuffer buffer = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
            buffer.putLong(padded).put(json);
            while (buffer.hasRemaining()) {
                buffer.put((byte) ' ');
            }
            return buffer.flip();
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
