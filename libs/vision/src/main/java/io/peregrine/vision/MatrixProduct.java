package io.peregrine.vision;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// Products of tall float32 blocks, on the processor: `left · rightᵀ`. The caller fills the two sides in place.
///
/// Whole numbers whose products sum to at most 2²⁴ over [#VALUES] dimensions come out exact, in whatever
/// order they are added up, with fused multiply-add or without: [EngineProduct] and [PlainProduct] then
/// give the same bits. For one thread at a time.
public sealed interface MatrixProduct extends AutoCloseable permits EngineProduct, PlainProduct {
    /// Dimensions of a block: 1,024 products of pixels centred to −128 … 127, each at most 2¹⁴, sum to at
    /// most 2²⁴.
    int VALUES = 1_024;

    /// @return f32 [rows, VALUES], to be filled by the caller
    MemorySegment left();

    /// @return f32 [rows, VALUES], to be filled by the caller
    MemorySegment right();

    /// Multiplies the first rows of both sides.
    ///
    /// @param product is given f32 [leftRows, rightRows], valid only during the call
    void multiply(int leftRows, int rightRows, Consumer<MemorySegment> product);

    /// Multiplies the first rows of the left side with themselves.
    ///
    /// @param product is given f32 [leftRows, leftRows], valid only during the call
    void multiplyLeftByItself(int leftRows, Consumer<MemorySegment> product);

    @Override
    void close();
}
