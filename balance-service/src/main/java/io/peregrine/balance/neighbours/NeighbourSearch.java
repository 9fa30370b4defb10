package io.peregrine.balance.neighbours;

import io.peregrine.balance.neighbours.Tiling.Tile;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.vision.engine.MatrixProduct;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/// Exact nearest neighbours of each image within its class, by squared Euclidean distance in 64 bits.
///
/// The symmetric distance matrix is computed once, in tiles. A tile is discarded after each image has kept its
/// nearest. Memory depends on the tile and the number of images, not on the square of that number. One [#step] is
/// one tile. [#changed] returns the changes since its last call, and [#resume] restores them, also in another
/// process and also for tiles that other searches computed.
public final class NeighbourSearch implements AutoCloseable {
    private final int k;
    private final int values;
    private final Tiling tiling;
    private final List<Tile> tiles;
    private final List<MemorySegment> images;
    private final MatrixProduct product;
    private final WorkerPool workers;
    private final ExecutorService reader;
    private final GramMatrix gram;
    private final NearestRows nearest;
    private final Object[] partLocks;
    private final boolean[] changed;
    private Future<?> reading;
    private int next;

    /// @param product such as `new EngineProduct()`; closed with this
    /// @param images u8 [values] each: the class in row order
    /// @param k neighbours of each, 1 to images − 1
    /// @param tiles of the tiling: all of them, or a share
    public NeighbourSearch(
            MatrixProduct product,
            List<MemorySegment> images,
            int values,
            int k,
            Tiling tiling,
            List<Tile> tiles,
            int threads) {
        this.product = product;
        int count = images.size();
        if (k < 1 || k >= count || tiling.count() != count) {
            product.close();
            throw new IllegalArgumentException("%d images allow 1 to %d neighbours, not %d; the tiling has %d images"
                    .formatted(count, count - 1, k, tiling.count()));
        }
        this.k = k;
        this.values = values;
        this.tiling = tiling;
        this.tiles = List.copyOf(tiles);
        this.images = images;
        this.workers = new WorkerPool("neighbours", threads);
        this.reader = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("neighbours-reader").factory());
        this.gram = GramMatrix.of(product, images, values, tiling, workers);
        // One more than the required k + 1, to detect a tie at the last rank.
        this.nearest = empty(count, k);
        this.partLocks = IntStream.range(0, tiling.parts())
                .mapToObj(part -> new Object())
                .toArray();
        this.changed = new boolean[tiling.tiles()];
    }

    private static NearestRows empty(int count, int k) {
        return new NearestRows(count, Math.min(k + 2, count));
    }

    /// @return number of tiles to compute
    public int steps() {
        return tiles.size();
    }

    /// @return number of tiles that are done
    public int stepsDone() {
        return next;
    }

    /// @return multiply-adds of the tiles that are done
    public long productsDone() {
        return tiles.subList(0, next).stream()
                .mapToLong(tile -> tiling.products(tile, values))
                .sum();
    }

    /// Computes the next tile while the images of the following one are read.
    ///
    /// @param now called several times in a tile; may throw to stop, and then the tile is discarded
    public void step(Runnable now) {
        Tile tile = tiles.get(next);
        if (reading == null) {
            workers.each(tiling.rows(tile.column()), row -> touch(tiling.firstRow(tile.column()) + row));
            workers.each(tiling.rows(tile.row()), row -> touch(tiling.firstRow(tile.row()) + row));
        } else {
            awaitReader();
        }
        if (next + 1 < tiles.size()) {
            readAhead(tiles.get(next + 1));
        }
        gram.tile(tile, now, this::offer);
        changed[tile.row()] = true;
        changed[tile.column()] = true;
        next++;
    }

    /// Reads the pages of the next tile ahead, image by image in the order of the packs, while the current tile
    /// is multiplied. The multiplying threads would read one page of each image, an order in which a disk is much
    /// slower.
    private void readAhead(Tile tile) {
        reading = reader.submit(() -> {
            touchAll(tile.column());
            touchAll(tile.row());
        });
    }

    private void touchAll(int tile) {
        int from = tiling.firstRow(tile);
        for (int row = from;
                row < from + tiling.rows(tile) && !Thread.currentThread().isInterrupted();
                row++) {
            touch(row);
        }
    }

    private void touch(int row) {
        if (images.get(row).isMapped()) {
            images.get(row).load();
        }
    }

    private void awaitReader() {
        try {
            reading.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in a neighbour search", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a pack cannot be read", e.getCause());
        }
    }

    private void offer(BlockPair pair) {
        synchronized (partLocks[pair.row() / tiling.part()]) {
            for (int i = 0; i < pair.rows(); i++) {
                for (int j = 0; j < pair.columns(); j++) {
                    nearest.offer(pair.row() + i, pair.column() + j, pair.distance(i, j));
                }
            }
        }
        if (pair.row() != pair.column()) {
            synchronized (partLocks[pair.column() / tiling.part()]) {
                for (int i = 0; i < pair.rows(); i++) {
                    for (int j = 0; j < pair.columns(); j++) {
                        nearest.offer(pair.column() + j, pair.row() + i, pair.distance(i, j));
                    }
                }
            }
        }
    }

    /// @return the result of all tiles
    /// @throws IllegalStateException before the last step
    public Neighbours result() {
        if (next < steps()) {
            throw new IllegalStateException("%d of %d tiles are done".formatted(next, steps()));
        }
        return nearest.dropSelf(k);
    }

    /// The results since the last call for the rows of each tile row that changed, for [#resume] or [Merged].
    ///
    /// @return by index of the tile row
    public SortedMap<Integer, byte[]> changed() {
        SortedMap<Integer, byte[]> found = new TreeMap<>();
        for (int tile = 0; tile < changed.length; tile++) {
            if (changed[tile]) {
                found.put(tile, nearest.save(tiling.firstRow(tile), tiling.firstRow(tile + 1)));
            }
        }
        Arrays.fill(changed, false);
        return found;
    }

    /// Resumes an earlier search of the same tiles.
    ///
    /// @param done number of tiles that it had done
    /// @param found its results until then, by tile row
    public void resume(int done, SequencedMap<Integer, byte[]> found) {
        next = done;
        found.forEach((tile, saved) -> nearest.merge(tiling.firstRow(tile), tiling.firstRow(tile + 1), saved));
    }

    /// Merges the results of several searches that share the tiles of a class.
    public static final class Merged {
        private final int k;
        private final Tiling tiling;
        private final NearestRows nearest;

        /// @param k neighbours of each image
        public Merged(Tiling tiling, int k) {
            this.k = k;
            this.tiling = tiling;
            this.nearest = empty(tiling.count(), k);
        }

        /// Adds the results of one search for the rows of one tile row.
        public void add(int tile, byte[] found) {
            nearest.merge(tiling.firstRow(tile), tiling.firstRow(tile + 1), found);
        }

        public Neighbours result() {
            return nearest.dropSelf(k);
        }
    }

    /// Waits for the reading thread, so that it reads no image after the images are unmapped. The other threads
    /// are idle: [WorkerPool#each] waits for them.
    @Override
    public void close() {
        reader.shutdownNow();
        workers.close();
        reader.close();
        product.close();
    }
}
