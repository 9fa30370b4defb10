package io.peregrine.balance.smote;

import io.peregrine.balance.smote.Tiling.Tile;
import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.MatrixProduct.Block;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Exact inner products of centred pictures, tile by tile, by float32 products: at their speed, the engine's.
///
/// Pixels x − 128 lie in −128 … 127, so 1,024 of their products sum to at most 2²⁴, and float32 holds each
/// partial sum exactly. Blocks are added up in 32 bits as long as they fit, then in 64. While threads multiply the
/// blocks of one chunk, the next chunk is read and centred into other blocks by whoever has nothing left to
/// multiply.
final class GramTiles {
    private static final int CHUNK = Tiling.CHUNK;
    private static final int ROW_BYTES = MatrixProduct.VALUES * Float.BYTES;
    /// Rows that one task centres: so few that threads end together.
    private static final int FILLED_ROWS = 64;

    private final List<MemorySegment> pictures;
    private final int values;
    private final Tiling tiling;
    private final MatrixProduct product;
    private final Crew crew;
    private final Centred centred = Centred.fastest();
    private final int blocks;
    /// [2 turns][2 sides][parts of a side][CHUNK]
    private final Block[][][][] filled;
    private final int lanes;
    /// [pairs of parts · lanes][part · part]
    private final int[][] sums;
    private final long[][] totals;
    /// Σ (x − 128)², [2 sides][rows of a side]
    private final long[][] squares;

    /// Takes a pair of parts' products; called by several threads at once, with pairs of their own.
    @FunctionalInterface
    interface Finished {
        void take(PartPair pair);
    }

    /// The finished products of two parts of a tile.
    ///
    /// @param row first of the left part's pictures, by place in the class
    /// @param rows of the left part
    /// @param column first of the right part's
    /// @param columns of the right part
    /// @param stride of sums and totals
    /// @param totals to be added to the sums, or null
    record PartPair(
            int row,
            int rows,
            int column,
            int columns,
            int stride,
            int[] sums,
            long[] totals,
            long[] rowSquares,
            int rowSquaresFrom,
            long[] columnSquares,
            int columnSquaresFrom) {

        /// @return squared distance of the left part's i-th picture and the right part's j-th: |a|² + |b|² − 2ab
        long distance(int i, int j) {
            int at = i * stride + j;
            long inner = totals == null ? sums[at] : totals[at] + sums[at];
            return rowSquares[rowSquaresFrom + i] + columnSquares[columnSquaresFrom + j] - 2 * inner;
        }
    }

    /// @param pictures u8 [values] each, mapped or not
    /// @param product closed by the caller, after this
    GramTiles(MatrixProduct product, List<MemorySegment> pictures, int values, Tiling tiling, Crew crew) {
        this.product = product;
        this.pictures = pictures;
        this.values = values;
        this.tiling = tiling;
        this.crew = crew;
        this.blocks = Math.ceilDiv(values, MatrixProduct.VALUES);
        int side = Math.min(tiling.side(), tiling.parts());
        int part = tiling.part();
        this.filled = new Block[2][2][side][CHUNK];
        for (Block[][][] turn : filled) {
            for (Block[][] parts : turn) {
                for (Block[] chunk : parts) {
                    Arrays.setAll(chunk, i -> product.block(part));
                }
            }
        }
        this.lanes = tiling.lanes(crew.size());
        int tasks = tiling.pairs() * lanes;
        this.sums = new int[tasks][part * part];
        this.totals = blocks > Tiling.FLUSH ? new long[tasks][part * part] : null;
        this.squares = new long[2][side * part];
    }

    /// Multiplies a tile.
    ///
    /// @param beforeEachChunk may throw to stop; then the tile is forgotten
    void tile(Tile tile, Runnable beforeEachChunk, Finished to) {
        boolean diagonal = tile.row() == tile.column();
        List<int[]> pairs = new ArrayList<>();
        for (int i = 0; i < tiling.partsOf(tile.row()); i++) {
            for (int j = diagonal ? i : 0; j < tiling.partsOf(tile.column()); j++) {
                pairs.add(new int[] {i, j});
            }
        }
        Arrays.fill(squares[0], 0);
        Arrays.fill(squares[1], 0);
        int products = pairs.size() * lanes;
        crew.each(products, task -> {
            Arrays.fill(sums[task], 0);
            if (totals != null) {
                Arrays.fill(totals[task], 0);
            }
        });
        int chunks = Math.ceilDiv(blocks, CHUNK);
        int rowFills = Math.ceilDiv(tiling.rows(tile.row()), FILLED_ROWS);
        int fills = rowFills + (diagonal ? 0 : Math.ceilDiv(tiling.rows(tile.column()), FILLED_ROWS));
        crew.each(fills, fill -> fill(0, tile, fill, rowFills));
        for (int chunk = 0; chunk < chunks; chunk++) {
            beforeEachChunk.run();
            if (product.isStaged()) {
                handOver(filled[chunk % 2]);
            }
            int now = chunk;
            int next = chunk + 1;
            crew.each(products + (next < chunks ? fills : 0), task -> {
                if (task < products) {
                    multiply(now, diagonal, pairs.get(task / lanes), task);
                } else {
                    fill(next, tile, task - products, rowFills);
                }
            });
        }
        crew.each(pairs.size(), pair -> to.take(finished(tile, diagonal, pairs.get(pair), pair)));
    }

    private void fill(int chunk, Tile tile, int task, int rowFills) {
        int side = task < rowFills ? 0 : 1;
        int number = side == 0 ? tile.row() : tile.column();
        int from = (side == 0 ? task : task - rowFills) * FILLED_ROWS;
        int to = Math.min(from + FILLED_ROWS, tiling.rows(number));
        for (int row = from; row < to; row++) {
            MemorySegment picture = pictures.get(tiling.firstRow(number) + row);
            Block[] into = filled[chunk % 2][side][row / tiling.part()];
            long at = (long) (row % tiling.part()) * ROW_BYTES;
            for (int b = 0; b < CHUNK; b++) {
                long begin = (chunk * (long) CHUNK + b) * MatrixProduct.VALUES;
                int width = (int) Math.min(MatrixProduct.VALUES, values - begin);
                if (width <= 0) {
                    break;
                }
                MemorySegment block = into[b].values();
                squares[side][row] += (long) centred.centre(picture, begin, width, block, at);
                if (width < MatrixProduct.VALUES) {
                    // Nothing is left of the block that was here before.
                    block.asSlice(at + (long) width * Float.BYTES, ROW_BYTES - (long) width * Float.BYTES)
                            .fill((byte) 0);
                }
            }
        }
    }

    private void handOver(Block[][][] sides) {
        for (Block[][] parts : sides) {
            crew.each(parts.length, part -> Arrays.stream(parts[part]).forEach(Block::filled));
        }
    }

    private void multiply(int chunk, boolean diagonal, int[] parts, int task) {
        Block[] left = filled[chunk % 2][0][parts[0]];
        Block[] right = filled[chunk % 2][diagonal ? 0 : 1][parts[1]];
        int[] sum = sums[task];
        for (int b = task % lanes; b < Math.min(CHUNK, blocks - chunk * CHUNK); b += lanes) {
            product.multiply(left[b], right[b], found -> centred.add(found, sum, sum.length));
        }
        if (totals != null && (chunk + 1) * CHUNK % Tiling.FLUSH == 0) {
            long[] total = totals[task];
            for (int i = 0; i < sum.length; i++) {
                total[i] += sum[i];
            }
            Arrays.fill(sum, 0);
        }
    }

    private PartPair finished(Tile tile, boolean diagonal, int[] parts, int pair) {
        int part = tiling.part();
        int first = pair * lanes;
        for (int task = first + 1; task < first + lanes; task++) {
            addUp(first, task);
        }
        int row = parts[0] * part;
        int column = parts[1] * part;
        return new PartPair(
                tiling.firstRow(tile.row()) + row,
                Math.min(part, tiling.rows(tile.row()) - row),
                tiling.firstRow(tile.column()) + column,
                Math.min(part, tiling.rows(tile.column()) - column),
                part,
                sums[first],
                totals == null ? null : totals[first],
                squares[0],
                row,
                squares[diagonal ? 0 : 1],
                column);
    }

    private void addUp(int first, int lane) {
        for (int i = 0; i < sums[first].length; i++) {
            if (totals == null) {
                sums[first][i] += sums[lane][i];
            } else {
                totals[first][i] += totals[lane][i] + sums[lane][i];
            }
        }
    }
}
