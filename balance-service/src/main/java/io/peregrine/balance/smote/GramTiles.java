package io.peregrine.balance.smote;

import io.peregrine.vision.MatrixProduct;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/// Exact inner products of centred pictures, tile by tile, by float32 products: at their speed, the engine's.
///
/// Pixels x − 128 lie in −128 … 127, so 1,024 of their products sum to at most 2²⁴, and float32 holds each
/// partial sum exactly. Blocks are added up in 32 bits as long as they fit, then in 64. Threads share the
/// blocks of a tile; whole numbers sum to the same in any order.
final class GramTiles implements AutoCloseable {
    /// Blocks that fit into an int: 120 · 2²⁴ < 2³¹.
    private static final int FLUSH = 120;
    /// Blocks taken at a time: 4,096 pixels, one page of a mapped file for each row.
    private static final int CHUNK = 4;

    private static final int FLOAT_BYTES = Float.BYTES;

    private final List<MemorySegment> pictures;
    private final int values;
    private final Centred centred = Centred.fastest();
    private final List<Lane> lanes = new ArrayList<>();
    private final ExecutorService threads;

    /// What one thread works with.
    private record Lane(MatrixProduct product, int[] sums, long[] totals) {}

    /// @param products makes one for each thread, for so many rows at most
    /// @param pictures u8 [values] each, mapped or not
    /// @param tile the most rows or columns of a tile; memory is 16 · tile² + 8,192 · tile bytes for each thread
    GramTiles(
            IntFunction<MatrixProduct> products, List<MemorySegment> pictures, int values, int tile, int threadCount) {
        this.pictures = pictures;
        this.values = values;
        int side = Math.min(tile, pictures.size());
        for (int i = 0; i < threadCount; i++) {
            lanes.add(new Lane(products.apply(side), new int[side * side], new long[side * side]));
        }
        this.threads = Executors.newFixedThreadPool(
                threadCount, Thread.ofPlatform().daemon().name("neighbours-", 0).factory());
    }

    /// @return [rows, columns] of inner products in the first rows · columns places, valid until the next call
    long[] tile(int row, int rows, int column, int columns) {
        AtomicInteger next = new AtomicInteger();
        int blocks = Math.ceilDiv(values, MatrixProduct.VALUES);
        List<Future<?>> running = new ArrayList<>();
        for (Lane lane : lanes) {
            running.add(threads.submit(() -> {
                Arrays.fill(lane.totals(), 0, rows * columns, 0);
                int unflushed = 0;
                for (int chunk = next.getAndAdd(CHUNK); chunk < blocks; chunk = next.getAndAdd(CHUNK)) {
                    for (int block = chunk; block < Math.min(chunk + CHUNK, blocks); block++) {
                        add(lane, block, row, rows, column, columns);
                        if (++unflushed == FLUSH) {
                            flush(lane, rows * columns);
                            unflushed = 0;
                        }
                    }
                }
                flush(lane, rows * columns);
            }));
        }
        await(running);
        long[] sum = lanes.getFirst().totals();
        for (Lane lane : lanes.subList(1, lanes.size())) {
            for (int i = 0; i < rows * columns; i++) {
                sum[i] += lane.totals()[i];
            }
        }
        return sum;
    }

    private void add(Lane lane, int block, int row, int rows, int column, int columns) {
        fill(lane.product().left(), block, row, rows);
        if (row == column && rows == columns) {
            lane.product().multiplyLeftByItself(rows, product -> centred.add(product, lane.sums(), rows * rows));
        } else {
            fill(lane.product().right(), block, column, columns);
            lane.product().multiply(rows, columns, product -> centred.add(product, lane.sums(), rows * columns));
        }
    }

    private void fill(MemorySegment side, int block, int first, int count) {
        long from = (long) block * MatrixProduct.VALUES;
        int width = (int) Math.min(MatrixProduct.VALUES, values - from);
        for (int i = 0; i < count; i++) {
            long to = (long) i * MatrixProduct.VALUES * FLOAT_BYTES;
            centred.centre(pictures.get(first + i), from, width, side, to);
            if (width < MatrixProduct.VALUES) {
                // Nothing is left of the block that was here before.
                side.asSlice(to + (long) width * FLOAT_BYTES, (long) (MatrixProduct.VALUES - width) * FLOAT_BYTES)
                        .fill((byte) 0);
            }
        }
    }

    private static void flush(Lane lane, int count) {
        for (int i = 0; i < count; i++) {
            lane.totals()[i] += lane.sums()[i];
        }
        Arrays.fill(lane.sums(), 0, count, 0);
    }

    private static void await(List<Future<?>> running) {
        try {
            for (Future<?> one : running) {
                one.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in a neighbour search", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException unchecked
                    ? unchecked
                    : new IllegalStateException(e.getCause());
        }
    }

    /// Waits for the threads: none may read a picture that is unmapped next.
    @Override
    public void close() {
        threads.close();
        lanes.forEach(lane -> lane.product().close());
    }
}
