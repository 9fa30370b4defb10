package io.peregrine.vision;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// Exact products of blocks of whole numbers from −128 to 127: `left · rightᵀ`. The caller fills the blocks in
/// place.
///
/// Every implementation gives the same numbers, in whatever order it adds them up, with fused multiply-add or
/// without. Several threads may multiply at once.
public sealed interface MatrixProduct extends AutoCloseable permits EngineProduct, Int8Product, PlainProduct {
    /// How whole numbers are held, and how many dimensions a block has, so that no product of two rows is
    /// rounded: each of its terms is at most 2¹⁴.
    enum Element {
        /// Products are float32 as well: 1,024 terms sum to at most 2²⁴.
        FLOAT32(Float.BYTES, 1_024),
        /// Products are int32: 4,096 terms sum to at most 2²⁶. More would fit, but small images would be filled
        /// up with zeros.
        INT8(Byte.BYTES, 4_096);

        private final int bytes;
        private final int width;

        Element(int bytes, int width) {
            this.bytes = bytes;
            this.width = width;
        }

        /// @return bytes of a value
        public int bytes() {
            return bytes;
        }

        /// @return dimensions of a block
        public int width() {
            return width;
        }

        /// @return bytes of a block's row
        public int rowBytes() {
            return bytes * width;
        }
    }

    /// One side of products.
    sealed interface Block permits EngineProduct.EngineBlock, Int8Product.Int8Block, PlainProduct.PlainBlock {
        /// @return [rows, width] of [Element], zeros at first, to be filled by the caller
        MemorySegment values();

        /// @param from first row, at least 0
        /// @param to row after the last, above `from`
        /// @return these rows as a block over the same memory, which follows this one; not to be
        ///     [#filled] itself
        Block rows(int from, int to);

        /// To be called by one thread when the values were changed, before the block is multiplied, if this
        /// product
        /// [#isStaged].
        default void filled() {
            // Multiplied from where it was filled.
        }
    }

    /// @return what blocks hold
    default Element element() {
        return Element.FLOAT32;
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
    /// @param product is given [left's rows, right's rows], f32 or i32 by [#element], valid only during the call
    void multiply(Block left, Block right, Consumer<MemorySegment> product);

    @Override
    void close();
}
