package io.peregrine.artifacts;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// A safetensors file, memory-mapped. Its header is treated as hostile: nothing in it is believed before it is
/// checked against the file's own length.
///
/// Format: a little-endian u64 with the header's length, the header in JSON, then the tensors in C order without
/// holes.
public final class Safetensors implements AutoCloseable {
    /// A header of a network with thousands of tensors has some 100 KB. The reference implementation allows 100
    /// MB, which would take gigabytes to read.
    static final int MAX_HEADER_BYTES = 1 << 20;

    static final int MAX_TENSORS = 10_000;

    private static final String UNREADABLE = "TENSORS_UNREADABLE";

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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
                throw FailureException.internal(
                        "TENSOR_TYPE", "the tensor is " + dtype + ", read as " + expected, null);
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
            throw FailureException.resource("STORE_UNREACHABLE", file + " cannot be read: " + e, e);
        } catch (InternalError e) {
            arena.close();
            throw unreadable(file, "it was truncated while it was read");
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Opens an artifact of a store. A header that is not readable although the file was whole when it was last
    /// hashed has been damaged since: then the file is hashed again, and moved away if it has changed.
    ///
    /// @throws Failure as [ArtifactStore#open] and [#open(Path)]
    @SuppressWarnings("MustBeClosedChecker") // The caller closes it.
    public static Safetensors open(ArtifactStore store, ArtifactRef ref) {
        try {
            return open(store.open(ref));
        } catch (FailureException failure) {
            if (failure.code().equals(UNREADABLE)) {
                store.check(ref);
            }
            throw failure;
        }
    }

    private static Safetensors read(Path file, Arena arena, MemorySegment all) {
        long size = all.byteSize();
        if (size < 8) {
            throw unreadable(file, "it has only %d bytes".formatted(size));
        }
        long headerBytes = all.get(LONG, 0);
        if (headerBytes < 2 || headerBytes > size - 8) {
            throw unreadable(file, "its header claims %s bytes".formatted(Long.toUnsignedString(headerBytes)));
        }
        if (headerBytes > MAX_HEADER_BYTES) {
            throw unreadable(
                    file, "its header has %,d bytes; at most %,d are read".formatted(headerBytes, MAX_HEADER_BYTES));
        }
        byte[] json = all.asSlice(8, headerBytes).toArray(ValueLayout.JAVA_BYTE);
        SafetensorsHeader header;
        try {
            header = SafetensorsHeader.read(json, size - 8 - headerBytes);
        } catch (SafetensorsHeader.InvalidHeaderException e) {
            throw unreadable(file, e.getMessage());
        }
        MemorySegment data = all.asSlice(8 + headerBytes);
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        header.tensors()
                .forEach((name, entry) -> tensors.put(
                        name,
                        new Tensor(
                                entry.dtype(),
                                entry.shape(),
                                data.asSlice(entry.begin(), entry.end() - entry.begin()))));
        return new Safetensors(file, arena, tensors, header.metadata());
    }

    /// @param name out of a header, which may be anything and as long as it likes
    /// @return what a message can hold of it
    public static String shown(String name) {
        return "%.100s".formatted(name).replaceAll("[^ -~]", "?") + (name.length() > 100 ? "…" : "");
    }

    /// Where a mapped file was truncated, reading beyond its new end throws an `InternalError`. Whoever opens the
    /// file next finds it damaged and moves it away.
    ///
    /// @return OURS `ARTIFACT_CORRUPT`; empty, if the error is another
    public static Optional<FailureException> truncated(Throwable error) {
        boolean faulted = error instanceof InternalError
                && String.valueOf(error.getMessage()).contains("unsafe memory access");
        return faulted
                ? Optional.of(FailureException.internal(
                        "ARTIFACT_CORRUPT",
                        "A file of the store was truncated while it was read. Publish the dataset again: that makes the"
                                + " artifact anew",
                        error))
                : Optional.empty();
    }

    private static FailureException unreadable(Path file, String why) {
        return FailureException.internal(
                UNREADABLE, "%s is no safetensors file: %s".formatted(file.getFileName(), why), null);
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
            throw FailureException.internal(
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
