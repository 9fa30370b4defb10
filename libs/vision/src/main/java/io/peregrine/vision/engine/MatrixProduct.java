package io.peregrine.vision.engine;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// Exact products of blocks of integers from −128 to 127: `left · rightᵀ`. The caller fills the blocks in place.
///
/// Every implementation gives the same numbers, for any order of addition, with or without fused multiply-add.
/// Several threads may multiply at once.
public sealed interface MatrixProduct extends AutoCloseable permits EngineProduct, Int8Product, PlainProduct {
    /// Type of the integers and dimensions of a block, chosen so that no product of two rows is rounded: each of
    /// its terms is at most 2¹⁴.
    enum Element {
        /// Products are float32 too: 1,024 terms sum to at most 2²⁴.
        FLOAT32(Float.BYTES, 1_024),
        /// Products are int32: 4,096 terms sum to at most 2²⁶. Larger blocks would fit, but small images would be
        /// padded with zeros.
        INT8(Byte.BYTES, 4_096);

        private final int bytes;
        private final int width;

        Element(int bytes, int width) {
            this.bytes = bytes;
            this.width = width;
        }

        /// @return bytes per value
        public int bytes() {
            return bytes;
        }

        /// @return dimensions of a block
        public int width() {
            return width;
        }

        /// @return bytes of a row
        public int rowBytes() {
            return bytes * width;
        }
    }

    /// One operand of a product.
    sealed interface Block permits EngineProduct.EngineBlock, Int8Product.Int8Block, PlainProduct.PlainBlock {
        /// @return [rows, width] of [Element], initially zeros, to be filled by the caller
        MemorySegment values();

        /// @param from first row, at least 0
        /// @param to row after the last, above `from`
        /// @return these rows as a block that shares this block's memory and state; do not call [#filled] on it
        Block rows(int from, int to);

        /// Must be called on one thread after the values change and before the block is multiplied, if this
        /// product [#isStaged].
        default void filled() {
            // Nothing to copy: products read the memory that was filled.
        }
    }

    /// @return type of the values in blocks
    default Element element() {
        return Element.FLOAT32;
    }

    /// @return whether products read a copy of the filled memory
    default boolean isStaged() {
        return false;
    }

    /// @param rows rows of the block
    /// @return a block that is valid until this product is closed
    Block block(int rows);

    /// Multiplies two blocks that this product created.
    ///
    /// @param product receives [left's rows, right's rows], f32 or i32 by [#element], valid only during the call
    void multiply(Block left, Block right, Consumer<MemorySegment> product);

    @Override
    void close();
}
