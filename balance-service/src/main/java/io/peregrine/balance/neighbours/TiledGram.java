package io.peregrine.balance.neighbours;

import io.peregrine.balance.neighbours.Tiling.Tile;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.vision.engine.MatrixProduct;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// The products of a large class. Threads share the pairs of parts of a tile. While some multiply the blocks of
/// one chunk, idle threads read and centre the next chunk into other blocks (prefetch).
final class TiledGram implements GramMatrix {
    /// Rows that one task centres: few, so that the threads finish at about the same time.
    private static final int FILLED_ROWS = 64;

    private final CentredImages images;
    private final Tiling tiling;
    private final MatrixProduct product;
    private final WorkerPool workers;
    /// Number of blocks that are centred at a time.
    private final int chunk;
    /// [2 buffers][2 sides][parts of a side][chunk]
    private final RowBlock[][][][] filled;
    /// One per pair of parts.
    private final List<Accumulator> sums;
    /// Σ (x − 128)², [2 sides][rows of a side]
    private final long[][] squares;

    TiledGram(MatrixProduct product, CentredImages images, Tiling tiling, WorkerPool workers) {
        this.product = product;
        this.images = images;
        this.tiling = tiling;
        this.workers = workers;
        this.chunk = Tiling.CHUNK / product.element().width();
        int side = Math.min(tiling.side(), tiling.parts());
        int part = tiling.part();
        this.filled = new RowBlock[2][2][side][chunk];
        for (RowBlock[][][] buffer : filled) {
            for (RowBlock[][] parts : buffer) {
                for (RowBlock[] blocks : parts) {
                    Arrays.setAll(blocks, i -> RowBlock.of(product, part));
                }
            }
        }
        this.sums =
                Stream.generate(() -> images.sums(part)).limit(tiling.pairs()).toList();
        this.squares = new long[2][side * part];
    }

    @Override
    public void tile(Tile tile, Runnable now, Finished to) {
        boolean diagonal = tile.row() == tile.column();
        List<int[]> pairs = tiling.pairsOf(tile);
        Arrays.fill(squares[0], 0);
        Arrays.fill(squares[1], 0);
        workers.each(pairs.size(), pair -> sums.get(pair).clear());
        int chunks = Math.ceilDiv(images.blocks(), chunk);
        int rowFills = Math.ceilDiv(tiling.rows(tile.row()), FILLED_ROWS);
        int fills = rowFills + (diagonal ? 0 : Math.ceilDiv(tiling.rows(tile.column()), FILLED_ROWS));
        workers.each(fills, fill -> fill(0, tile, fill, rowFills));
        for (int i = 0; i < chunks; i++) {
            now.run();
            if (product.isStaged()) {
                upload(filled[i % 2]);
            }
            int current = i;
            int next = i + 1;
            workers.each(pairs.size() + (next < chunks ? fills : 0), task -> {
                if (task < pairs.size()) {
                    multiply(current, diagonal, pairs.get(task), sums.get(task));
                } else {
                    fill(next, tile, task - pairs.size(), rowFills);
                }
            });
        }
        workers.each(
                pairs.size(),
                pair -> to.take(
                        tiling.partPair(tile, pairs.get(pair), sums.get(pair), squares[0], squares[diagonal ? 0 : 1])));
    }

    private void fill(int number, Tile tile, int task, int rowFills) {
        int side = task < rowFills ? 0 : 1;
        int rows = side == 0 ? tile.row() : tile.column();
        int from = (side == 0 ? task : task - rowFills) * FILLED_ROWS;
        int to = Math.min(from + FILLED_ROWS, tiling.rows(rows));
        for (int row = from; row < to; row++) {
            int image = tiling.firstRow(rows) + row;
            RowBlock[] into = filled[number % 2][side][row / tiling.part()];
            for (int b = 0; b < blocksOf(number); b++) {
                squares[side][row] += images.fill(image, number * chunk + b, into[b].all(), row % tiling.part());
            }
        }
    }

    private int blocksOf(int number) {
        return Math.min(chunk, images.blocks() - number * chunk);
    }

    private void upload(RowBlock[][][] sides) {
        for (RowBlock[][] parts : sides) {
            workers.each(
                    parts.length,
                    part -> Arrays.stream(parts[part]).forEach(one -> one.all().filled()));
        }
    }

    private void multiply(int number, boolean diagonal, int[] parts, Accumulator sum) {
        RowBlock[] left = filled[number % 2][0][parts[0]];
        RowBlock[] right = filled[number % 2][diagonal ? 0 : 1][parts[1]];
        for (int b = 0; b < blocksOf(number); b++) {
            RowBlock.multiply(product, left[b], right[b], sum);
        }
    }
}
