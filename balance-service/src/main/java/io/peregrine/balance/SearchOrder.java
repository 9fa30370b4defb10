package io.peregrine.balance;

import io.peregrine.balance.neighbours.Tiling;
import io.peregrine.balance.neighbours.Tiling.Tile;
import java.util.List;

/// The neighbour search of one class, or of one share of it, as the job's payload.
///
/// @param label index of the class
/// @param name of the class
/// @param synthetic number of recipes to draw
/// @param firstOrdinal position of its first synthetic row in `fit_resample`'s output
/// @param neighbours SMOTE's k for this class
/// @param tiling tiles of the class's distance matrix
/// @param share index of this job's share, which is a tile row if there are several
/// @param shares number of jobs that share the class
record SearchOrder(
        int label,
        String name,
        long synthetic,
        long firstOrdinal,
        int neighbours,
        Tiling tiling,
        int share,
        int shares) {
    /// @return the tiles of this share
    List<Tile> tiles() {
        return shares == 1 ? tiling.all() : tiling.ofRow(share);
    }
}
