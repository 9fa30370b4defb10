package io.peregrine.balance.neighbours;

import io.peregrine.balance.neighbours.Tiling.Tile;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.vision.engine.MatrixProduct;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Exact inner products of centred images, tile by tile, at nearly the speed of the engine.
///
/// Pixels x − 128 are in −128 … 127. A block is short enough that the sum of its products is exact in float32 or
/// int32 ([MatrixProduct.Element]). The products of the blocks are added up as integers ([Accumulator]).
sealed interface GramMatrix permits TiledGram, BlockedGram {
    /// Receives the products of a pair of parts. It is called by several threads at once, with different pairs.
    @FunctionalInterface
    interface Finished {
        void take(BlockPair pair);
    }

    /// @param images u8 [values] each, mapped or not
    /// @param product closed by the caller, after this
    static GramMatrix of(
            MatrixProduct product, List<MemorySegment> images, int values, Tiling tiling, WorkerPool workers) {
        CentredImages centred = new CentredImages(images, values, product.element());
        return tiling.fitsOneTile()
                ? new BlockedGram(product, centred, tiling, workers)
                : new TiledGram(product, centred, tiling, workers);
    }

    /// Multiplies a tile.
    ///
    /// @param now called from time to time; may throw to stop, and then the tile is discarded
    void tile(Tile tile, Runnable now, Finished to);
}
