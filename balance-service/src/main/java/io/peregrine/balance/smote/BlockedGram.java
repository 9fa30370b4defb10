package io.peregrine.balance.smote;

import io.peregrine.balance.smote.Tiling.Tile;
import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.MatrixProduct.Block;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// A small class's products: each thread fills blocks of its own, multiplies all their pairs of parts and adds to
/// sums of its own, which are added up at the end. A small class has too few pairs to be shared out among
/// threads, and waiting for each other at every block would take longer than the products.
final class BlockedGram implements GramMatrix {
    private static final long ROUND_NANOS = 250_000_000L;

    private final CentredImages images;
    private final Tiling tiling;
    private final MatrixProduct product;
    private final WorkerPool crew;
    private final List<int[]> pairs;
    private final List<ThreadBuffers> lanes;

    /// What one thread has.
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
    BlockedGram(MatrixProduct product, CentredImages images, Tiling tiling, WorkerPool crew) {
        this.product = product;
        this.images = images;
        this.tiling = tiling;
        this.crew = crew;
        this.pairs = tiling.pairsOf(new Tile(0, 0));
        this.lanes = listOf(Math.min(crew.size(), images.blocks()), ThreadBuffers::new);
    }

    private static <T> List<T> listOf(int count, Supplier<T> made) {
        return Stream.generate(made).limit(count).toList();
    }

    @Override
    public void tile(Tile tile, Runnable now, Finished to) {
        lanes.forEach(ThreadBuffers::clear);
        AtomicInteger next = new AtomicInteger();
        while (next.get() < images.blocks()) {
            now.run();
            long began = System.nanoTime();
            crew.each(lanes.size(), lane -> {
                while (System.nanoTime() - began < ROUND_NANOS) {
                    int number = next.getAndIncrement();
                    if (number >= images.blocks()) {
                        return;
                    }
                    lanes.get(lane).multiply(number);
                }
            });
        }
        long[] squares = lanes.getFirst().squares;
        for (ThreadBuffers lane : lanes.subList(1, lanes.size())) {
            Arrays.setAll(squares, row -> squares[row] + lane.squares[row]);
        }
        crew.each(pairs.size(), pair -> to.take(addedUp(pair, squares)));
    }

    private BlockPair addedUp(int pair, long[] squares) {
        Accumulator sums = lanes.getFirst().sums.get(pair);
        lanes.subList(1, lanes.size()).forEach(lane -> sums.add(lane.sums.get(pair)));
        return tiling.partPair(new Tile(0, 0), pairs.get(pair), sums, squares, squares);
    }
}
