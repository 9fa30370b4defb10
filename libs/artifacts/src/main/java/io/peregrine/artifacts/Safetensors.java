package io.peregrine.artifacts;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.peregrine.events.Failure;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// A safetensors file, memory-mapped. Its header is treated as hostile: nothing in it is believed before it is checked
/// against the file's own length.
///
/// Format: a little-endian u64 with the header's length, the header in JSON, then the tensors in C order without holes.
public final class Safetensors implements AutoCloseable {
    /// As the reference implementation: no header is longer.
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path file;
    private final Arena arena;
    private final SequencedMap<String, Tensor> tensors;
    private final Map<String, String> metadata;

    private Safetensors(Path file, Arena arena, SequencedMap<String, Tensor> tensors, Map<String, String> metadata) {
        this.file = file;
        this.arena = arena;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /// One tensor of the file.
    ///
    /// @param shape in C order; empty for a scalar
    /// @param data mapped memory, valid until the file is closed
    public record Tensor(DType dtype, long[] shape, MemorySegment data) {
        /// @return number of elements
        public long elements() {
            return data.byteSize() / dtype.bytes();
        }

        /// @return a copy; the tensor must be F32
        public float[] floats() {
            must(DType.F32);
            return data.toArray(FLOAT);
        }

        /// @return a copy; the tensor must be F64
        public double[] doubles() {
            must(DType.F64);
            return data.toArray(DOUBLE);
        }

        /// @return a copy; the tensor must be I64
        public long[] longs() {
            must(DType.I64);
            return data.toArray(LONG);
        }

        /// @return a copy; the tensor must be U8
        public byte[] bytes() {
            must(DType.U8);
            return data.toArray(ValueLayout.JAVA_BYTE);
        }

        private void must(DType expected) {
            if (dtype != expected) {
                throw Failure.ours("TENSOR_TYPE", "the tensor is " + dtype + ", read as " + expected, null);
            }
        }
    }

    /// Maps a file.
    ///
    /// @throws Failure OURS `TENSORS_UNREADABLE`, naming the file and what is wrong with it; RESOURCE, if the
    /// disk refuses
    @SuppressWarnings("MustBeClosedChecker") // The file's own close() closes it.
    public static Safetensors open(Path file) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return read(file, arena, all);
        } catch (IOException e) {
            arena.close();
            throw Failure.resource("STORE_UNREACHABLE", file + " cannot be read: " + e, e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static Safetensors read(Path file, Arena arena, MemorySegment all) {
        long size = all.byteSize();
        if (size < 8) {
            throw unreadable(file, "it has only %d bytes".formatted(size));
        }
        long headerBytes = all.get(LONG, 0);
        if (headerBytes < 2 || headerBytes > Math.min(size - 8, MAX_HEADER_BYTES)) {
            throw unreadable(file, "its header claims %s bytes".formatted(Long.toUnsignedString(headerBytes)));
        }
        JsonNode header;
        try {
            header = JSON.readTree(all.asSlice(8, headerBytes).toArray(ValueLayout.JAVA_BYTE));
        } catch (IOException e) {
            throw unreadable(file, "its header is no JSON");
        }
        if (!header.isObject()) {
            throw unreadable(file, "its header is no JSON object");
        }
        MemorySegment data = all.asSlice(8 + headerBytes);
        Map<String, String> metadata = new LinkedHashMap<>();
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        List<long[]> spans = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (entry.getKey().equals("__metadata__")) {
                for (Map.Entry<String, JsonNode> note : entry.getValue().properties()) {
                    if (!note.getValue().isTextual()) {
                        throw unreadable(file, "metadata '%s' is no text".formatted(shown(note.getKey())));
                    }
                    metadata.put(note.getKey(), note.getValue().textValue());
                }
            } else {
                tensors.put(entry.getKey(), tensor(file, entry.getKey(), entry.getValue(), data, spans));
            }
        }
        long end = 0;
        spans.sort(Comparator.<long[]>comparingLong(s -> s[0]).thenComparingLong(s -> s[1]));
        for (long[] span : spans) {
            if (span[0] != end) {
                throw unreadable(file, "its tensors overlap or leave a hole at byte " + end);
            }
            end = span[1];
        }
        if (end != data.byteSize()) {
            throw unreadable(file, "it has %d bytes of data, its header tells of %d".formatted(data.byteSize(), end));
        }
        return new Safetensors(file, arena, tensors, metadata);
    }

    private static Tensor tensor(Path file, String name, JsonNode json, MemorySegment data, List<long[]> spans) {
        DType dtype = DType.named(json.path("dtype").asText())
                .orElseThrow(() -> unreadable(
                        file,
                        "tensor '%s' is %s; U8, I64, F32 and F64 are read"
                                .formatted(shown(name), shown(json.path("dtype").toString()))));
        JsonNode dimensions = json.path("shape");
        JsonNode offsets = json.path("data_offsets");
        if (!dimensions.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw unreadable(file, "tensor '%s' has no shape or no data_offsets".formatted(shown(name)));
        }
        long[] shape = new long[dimensions.size()];
        long bytes = dtype.bytes();
        try {
            for (int i = 0; i < shape.length; i++) {
                shape[i] = whole(dimensions.get(i));
                bytes = Math.multiplyExact(bytes, shape[i]);
            }
            long begin = whole(offsets.get(0));
            long end = whole(offsets.get(1));
            if (begin > end || end > data.byteSize() || end - begin != bytes) {
                throw unreadable(
                        file,
                        "tensor '%s' of %d bytes claims bytes %d to %d of %d"
                                .formatted(shown(name), bytes, begin, end, data.byteSize()));
            }
            spans.add(new long[] {begin, end});
            return new Tensor(dtype, shape, data.asSlice(begin, bytes));
        } catch (ArithmeticException e) {
            throw unreadable(file, "tensor '%s' has an impossible shape or offset".formatted(shown(name)));
        }
    }

    private static long whole(JsonNode json) {
        if (!json.isIntegralNumber() || !json.canConvertToLong() || json.longValue() < 0) {
            throw new ArithmeticException();
        }
        return json.longValue();
    }

    /// @param name out of a header, which may be anything and as long as it likes
    /// @return what a message can hold of it
    public static String shown(String name) {
        return "%.100s".formatted(name).replaceAll("[^ -~]", "?") + (name.length() > 100 ? "…" : "");
    }

    private static Failure unreadable(Path file, String why) {
        return Failure.ours(
                "TENSORS_UNREADABLE", "%s is no safetensors file: %s".formatted(file.getFileName(), why), null);
    }

    /// @return the text notes of the header
    public Map<String, String> metadata() {
        return metadata;
    }

    /// @return tensor names in the header's order
    public Set<String> names() {
        return tensors.keySet();
    }

    /// @throws Failure OURS `TENSOR_MISSING`, naming those that are there
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw Failure.ours(
                    "TENSOR_MISSING",
                    "%s has no tensor '%s', only %s".formatted(file.getFileName(), name, names()),
                    null);
        }
        return tensor;
    }

    /// Unmaps the file; tensors must not be read after it.
    @Override
    public void close() {
        arena.close();
    }
}
