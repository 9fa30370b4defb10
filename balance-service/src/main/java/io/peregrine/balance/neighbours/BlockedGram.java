package io.peregrine.balance.neighbours;

import io.peregrine.balance.neighbours.Tiling.Tile;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.MatrixProduct.Block;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The products of a small class. Each thread fills its own blocks, multiplies all pairs of parts and adds them
/// to its own sums. The sums are added up at the end. A small class has too few pairs to share among threads, and
/// synchronizing at every block would take longer than the products.
final class BlockedGram implements GramMatrix {
    private static final long ROUND_NANOS = 250_000_000L;

    private final CentredImages images;
    private final Tiling tiling;
    private final MatrixProduct product;
    private final WorkerPool workers;
    private final List<int[]> pairs;
    private final List<ThreadBuffers> buffers;

    /// The buffers of one thread.
    private final class ThreadBuffers {
        private final List<RowBlock> parts = listOf(tiling.parts(), () -> RowBlock.of(product, tiling.part()));
        private final List<Accumulator> sums = listOf(pairs.size(), () -> images.sums(tiling.part()));
        private final long[] squares = new long[tiling.count()];

        void clear() {
            sums.forEach(Accumulator::clear);
            Arrays.fill(squares, 0);
        }

        void multiply(int number) {
            for (int row = 0; row < tiling.count(); row++) {
                Block block = parts.get(row / tiling.part()).all();
                squares[row] += images.fill(row, number, block, row % tiling.part());
            }
            if (product.isStaged()) {
                parts.forEach(part -> part.all().filled());
            }
            for (int pair = 0; pair < pairs.size(); pair++) {
                RowBlock left = parts.get(pairs.get(pair)[0]);
                RowBlock right = parts.get(pairs.get(pair)[1]);
                RowBlock.multiply(product, left, right, sums.get(pair));
            }
        }
    }

    /// @param tiling of one tile
    BlockedGram(MatrixProduct product, CentredImages images, Tiling tiling, WorkerPool workers) {
        this.product = product;
        this.images = images;
        this.tiling = tiling;
        this.workers = workers;
        this.pairs = tiling.pairsOf(new Tile(0, 0));
        this.buffers = listOf(Math.min(workers.size(), images.blocks()), ThreadBuffers::new);
    }

    private static <T> List<T> listOf(int count, Supplier<T> made) {
        return Stream.generate(made).limit(count).toList();
    }

    @Override
    public void tile(Tile tile, Runnable now, Finished to) {
        buffers.forEach(ThreadBuffers::clear);
        AtomicInteger next = new AtomicInteger();
        while (next.get() < images.blocks()) {
            now.run();
            long began = System.nanoTime();
            workers.each(buffers.size(), thread -> {
                while (System.nanoTime() - began < ROUND_NANOS) {
                    int number = next.getAndIncrement();
                    if (number >= images.blocks()) {
                        return;
                    }
                    buffers.get(thread).multiply(number);
                }
            });
        }
        long[] squares = buffers.getFirst().squares;
        for (ThreadBuffers other : buffers.subList(1, buffers.size())) {
            Arrays.setAll(squares, row -> squares[row] + other.squares[row]);
        }
        workers.each(pairs.size(), pair -> to.take(addedUp(pair, squares)));
    }

    private BlockPair addedUp(int pair, long[] squares) {
        Accumulator sums = buffers.getFirst().sums.get(pair);
        buffers.subList(1, buffers.size()).forEach(other -> sums.add(other.sums.get(pair)));
        return tiling.partPair(new Tile(0, 0), pairs.get(pair), sums, squares, squares);
    }
}
