package io.peregrine.artifacts;

import java.util.Arrays;
import java.util.Optional;

/// The element types of safetensors that Peregrine supports.
public enum DType {
    U8(1),
    I64(8),
    F32(4),
    F64(8);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// @return bytes of one element
    public int bytes() {
        return bytes;
    }

    static Optional<DType> named(String name) {
        return Arrays.stream(values()).filter(d -> d.name().equals(name)).findFirst();
    }
}
