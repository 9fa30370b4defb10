package io.peregrine.balance.neighbours;

import io.peregrine.parallel.WorkerPool;
import io.peregrine.vision.engine.EngineProduct;
import io.peregrine.vision.engine.Int8Product;
import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.MatrixProduct.Block;
import io.peregrine.vision.engine.MatrixProduct.Element;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/// Measures the upper bound of a neighbour search: products of the same shapes, without reading and accumulation.
public final class ProductSpeed {
    private ProductSpeed() {}

    /// @param rows of both sides of each product
    /// @param threads that multiply concurrently
    /// @return multiply-adds per second of all threads together
    public static double measure(MatrixProduct product, int rows, int threads, Duration time) {
        Element element = product.element();
        Block[] blocks = new Block[2 * threads];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = product.block(rows);
            for (long at = 0; at < (long) rows * element.width(); at++) {
                long value = at * 37 % 256 - 128;
                switch (element) {
                    case FLOAT32 -> blocks[i].values().setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
                    case INT8 -> blocks[i].values().set(ValueLayout.JAVA_BYTE, at, (byte) value);
                }
            }
        }
        try (WorkerPool workers = new WorkerPool("neighbours", threads)) {
            // One untimed round, in which the engine initializes itself.
            workers.each(threads, thread -> product.multiply(blocks[2 * thread], blocks[2 * thread + 1], found -> {}));
            LongAdder products = new LongAdder();
            long began = System.nanoTime();
            workers.each(threads, thread -> {
                while (System.nanoTime() - began < time.toNanos()) {
                    product.multiply(blocks[2 * thread], blocks[2 * thread + 1], found -> {});
                    products.add((long) rows * rows * element.width());
                }
            });
            return products.sum() / ((System.nanoTime() - began) / 1e9);
        }
    }

    /// Prints the engine's speed in GFLOP/s: `ProductSpeed [rows] [threads] [seconds] [float32|int8]`.
    public static void main(String[] arguments) {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 512;
        int threads = arguments.length > 1
                ? Integer.parseInt(arguments[1])
                : Runtime.getRuntime().availableProcessors();
        long seconds = arguments.length > 2 ? Long.parseLong(arguments[2]) : 2;
        EngineProduct.onOneEngineThread();
        boolean bytes = arguments.length > 3 && arguments[3].equals("int8");
        try (MatrixProduct product = bytes ? new Int8Product() : new EngineProduct()) {
            double perSecond = measure(product, rows, threads, Duration.ofSeconds(seconds));
            System.out.printf(Locale.ROOT, "%.1f%n", 2e-9 * perSecond);
        }
    }
}
