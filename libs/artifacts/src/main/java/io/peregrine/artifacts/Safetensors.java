package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactStore;
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

/// A safetensors file, memory-mapped. Its header is untrusted: every value is checked against the file's length
/// before use.
///
/// Format: a little-endian u64 with the header's length, the header in JSON, then the tensors in C order without
/// gaps.
public final class Safetensors implements AutoCloseable {
    /// The header of a network with thousands of tensors has some 100 KB. The reference implementation allows 100
    /// MB, which would take gigabytes of memory to read.
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
            require(DType.F32);
            return data.toArray(FLOAT);
        }

        /// @return a copy; the tensor must be F64
        public double[] doubles() {
            require(DType.F64);
            return data.toArray(DOUBLE);
        }

        /// @return a copy; the tensor must be I64
        public long[] longs() {
            require(DType.I64);
            return data.toArray(LONG);
        }

        /// @return a copy; the tensor must be U8
        public byte[] bytes() {
            require(DType.U8);
            return data.toArray(ValueLayout.JAVA_BYTE);
        }

        private void require(DType expected) {
            if (dtype != expected) {
                throw FailureException.internal(
                        "TENSOR_TYPE", "The tensor has type " + dtype + ", not " + expected, null);
            }
        }
    }

    /// Maps a file.
    ///
    /// @throws FailureException INTERNAL `TENSORS_UNREADABLE` with the file and its defect; RESOURCE if the disk
    ///     reports an error
    @SuppressWarnings("MustBeClosedChecker") // The file's own close() closes it.
    public static Safetensors open(Path file) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return read(file, arena, all);
        } catch (IOException e) {
            arena.close();
            throw FailureException.resource("STORE_UNREACHABLE", "Cannot read " + file + ": " + e, e);
        } catch (InternalError e) {
            arena.close();
            throw unreadable(file, "it was truncated during reading");
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Opens an artifact of a store. If the header is not readable although the hash was correct before, the file
    /// has been damaged since. Then the file is hashed again, and moved away if it has changed.
    ///
    /// @throws FailureException as [ArtifactStore#open] and [#open(Path)]
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
                    file, "its header has %,d bytes; the maximum is %,d".formatted(headerBytes, MAX_HEADER_BYTES));
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

    /// @param name untrusted name from a header, of any length
    /// @return the name in a form that is safe for messages
    public static String shown(String name) {
        return "%.100s".formatted(name).replaceAll("[^ -~]", "?") + (name.length() > 100 ? "…" : "");
    }

    /// Recognizes a truncated file. Reading a mapped file beyond its new end throws an `InternalError`. The next
    /// process that opens the file finds it damaged and moves it away.
    ///
    /// @return INTERNAL `ARTIFACT_CORRUPT`; empty for any other error
    public static Optional<FailureException> truncated(Throwable error) {
        boolean faulted = error instanceof InternalError
                && String.valueOf(error.getMessage()).contains("unsafe memory access");
        return faulted
                ? Optional.of(FailureException.internal(
                        "ARTIFACT_CORRUPT",
                        "A file of the store was truncated during reading. Publish the dataset again to create the"
                                + " artifact again",
                        error))
                : Optional.empty();
    }

    private static FailureException unreadable(Path file, String why) {
        return FailureException.internal(
                UNREADABLE, "%s is not a safetensors file: %s".formatted(file.getFileName(), why), null);
    }

    /// @return the metadata strings of the header
    public Map<String, String> metadata() {
        return metadata;
    }

    /// @return tensor names in the header's order
    public Set<String> names() {
        return tensors.keySet();
    }

    /// @throws FailureException INTERNAL `TENSOR_MISSING`; the message lists the existing tensors
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

    /// Unmaps the file; tensors must not be read afterwards.
    @Override
    public void close() {
        arena.close();
    }
}
