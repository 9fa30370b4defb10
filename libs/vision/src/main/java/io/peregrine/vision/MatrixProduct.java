package io.peregrine.vision;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// Products of float32 blocks: `left · rightᵀ`. The caller fills the blocks in place.
///
/// Whole numbers whose products sum to at most 2²⁴ over [#VALUES] dimensions come out exact, in whatever
/// order they are added up, with fused multiply-add or without: [EngineProduct] and [PlainProduct] then
/// give the same bits. Several threads may multiply at once.
public sealed interface MatrixProduct extends AutoCloseable permits EngineProduct, PlainProduct {
    /// Dimensions of a block: 1,024 products of pixels centred to −128 … 127, each at most 2¹⁴, sum to at
    /// most 2²⁴.
    int VALUES = 1_024;

    /// One side of products.
    sealed interface Block permits EngineProduct.EngineBlock, PlainProduct.PlainBlock {
        /// @return f32 [rows, VALUES], zeros at first, to be filled by the caller
        MemorySegment values();

        /// @param from first row, at least 0
        /// @param to row after the last, above `from`
        /// @return these rows as a block over the same memory, which follows this one; not to be
        ///     [#filled] itself
        Block rows(int from, int to);

        /// To be called by one thread when the values were changed, before the block is multiplied, if this product
        /// [#isStaged].
        default void filled() {
            // Multiplied from where it was filled.
        }
    }

    /// @return whether blocks are multiplied elsewhere than where they are filled
    default boolean isStaged() {
        return false;
    }

    /// @param rows of the block
    /// @return a block that lives until this is closed
    Block block(int rows);

    /// Multiplies two blocks of this product's.
    ///
    /// @param product is given f32 [left's rows, right's rows], valid only during the call
    void multiply(Block left, Block right, Consumer<MemorySegment> product);

    @Override
    void close();
}
