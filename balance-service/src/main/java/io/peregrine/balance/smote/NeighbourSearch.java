package io.peregrine.balance.smote;

import io.peregrine.vision.MatrixProduct;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.IntFunction;

/// Exact nearest neighbours of each picture within its class, by squared Euclidean distance in 64 bits.
///
/// The symmetric matrix of distances is gone through once, in tiles that are forgotten when each picture
/// has kept its best: memory depends on the tile and the class's count. One [#step] is one column of tiles,
/// so that progress can be kept between steps by [#state] and taken up by [#resume].
public final class NeighbourSearch implements AutoCloseable {
    private final int count;
    private final int k;
    private final int tile;
    private final GramTiles gram;
    private final NearestRows nearest;
    /// |x − 128|² by place; known for the columns gone through
    private final long[] squares;
    private int next;

    /// @param products such as `EngineProduct::new`: makes one for each thread, for so many rows at most
    /// @param pictures u8 [values] each: the class in row order
    /// @param k neighbours of each, 1 to pictures − 1
    /// @param tile rows and columns of a tile; some 512 is fastest
    public NeighbourSearch(
            IntFunction<MatrixProduct> products,
            List<MemorySegment> pictures,
            int values,
            int k,
            int tile,
            int threads) {
        this.count = pictures.size();
        if (k < 1 || k >= count) {
            throw new IllegalArgumentException(
                    "%d pictures have 1 to %d neighbours, not %d".formatted(count, count - 1, k));
        }
        this.k = k;
        this.tile = Math.min(tile, count);
        this.gram = new GramTiles(products, pictures, values, this.tile, threads);
        // One more than the k + 1 that are asked for, to see a tie at the last rank.
        this.nearest = new NearestRows(count, Math.min(k + 2, count));
        this.squares = new long[count];
    }

    /// @return columns of tiles
    public int steps() {
        return Math.ceilDiv(count, tile);
    }

    /// @return columns of tiles that are done
    public int stepsDone() {
        return next;
    }

    /// Goes through the next column of tiles.
    ///
    /// @param beforeEachTile may throw to stop; then the search is of no more use but to be closed
    public void step(Runnable beforeEachTile) {
        int column = next * tile;
        int columns = Math.min(tile, count - column);
        beforeEachTile.run();
        long[] own = gram.tile(column, columns, column, columns);
        for (int j = 0; j < columns; j++) {
            squares[column + j] = own[j * columns + j];
        }
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j < columns; j++) {
                nearest.offer(column + i, column + j, squared(own[i * columns + j], column + i, column + j));
            }
        }
        for (int row = 0; row < column; row += tile) {
            beforeEachTile.run();
            long[] products = gram.tile(row, tile, column, columns);
            for (int i = 0; i < tile; i++) {
                for (int j = 0; j < columns; j++) {
                    long far = squared(products[i * columns + j], row + i, column + j);
                    nearest.offer(row + i, column + j, far);
                    nearest.offer(column + j, row + i, far);
                }
            }
        }
        next++;
    }

    private long squared(long product, int row, int column) {
        return squares[row] + squares[column] - 2 * product;
    }

    /// @return all steps' result
    /// @throws IllegalStateException before the last step
    public Neighbours result() {
        if (next < steps()) {
            throw new IllegalStateException("%d of %d steps are done".formatted(next, steps()));
        }
        return nearest.withoutTheFirst(k);
    }

    /// @return what [#resume] takes up, also in another process
    public byte[] state() {
        ByteBuffer state = ByteBuffer.allocate(stateBytes());
        state.putInt(count).putInt(k).putInt(tile).putInt(next);
        for (long square : squares) {
            state.putLong(square);
        }
        nearest.save(state);
        return state.array();
    }

    /// Takes up what an earlier search of the same pictures left.
    ///
    /// @return false, with nothing changed, if it went by other tiles: then the search begins anew
    public boolean resume(byte[] saved) {
        ByteBuffer state = ByteBuffer.wrap(saved);
        if (saved.length != stateBytes() || state.getInt() != count || state.getInt() != k || state.getInt() != tile) {
            return false;
        }
        next = state.getInt();
        for (int i = 0; i < count; i++) {
            squares[i] = state.getLong();
        }
        nearest.load(state);
        return true;
    }

    private int stateBytes() {
        return 4 * Integer.BYTES + count * Long.BYTES + nearest.bytes();
    }

    @Override
    public void close() {
        gram.close();
    }
}
