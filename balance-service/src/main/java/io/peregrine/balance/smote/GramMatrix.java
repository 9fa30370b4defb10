package io.peregrine.balance.smote;

import io.peregrine.balance.smote.Tiling.Tile;
import io.peregrine.vision.MatrixProduct;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Exact inner products of centred images, tile by tile, at the speed of the engine's products.
///
/// Pixels x − 128 lie in −128 … 127, so few enough of their products sum to what float32 or int32 holds exactly
/// ([MatrixProduct.Element]). The blocks' products are added up in whole numbers ([Accumulator]).
sealed interface GramMatrix permits TiledGram, BlockedGram {
    /// Takes a pair of parts' products; called by several threads at once, with pairs of their own.
    @FunctionalInterface
    interface Finished {
        void take(BlockPair pair);
    }

    /// @param images u8 [values] each, mapped or not
    /// @param product closed by the caller, after this
    static GramMatrix of(
            MatrixProduct product, List<MemorySegment> images, int values, Tiling tiling, WorkerPool crew) {
        CentredImages centred = new CentredImages(images, values, product.element());
        return tiling.fitsOneTile()
                ? new BlockedGram(product, centred, tiling, crew)
                : new TiledGram(product, centred, tiling, crew);
    }

    /// Multiplies a tile.
    ///
    /// @param now and then called; may throw to stop, and then the tile is forgotten
    void tile(Tile tile, Runnable now, Finished to);
}
