package io.peregrine.trainer.run;

import io.peregrine.artifacts.PixelRows;
import io.peregrine.vision.nn.Batch;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Batches of rows in a given order. A separate thread fills the next batch while the current one is used. The
/// feed holds memory for two batches.
final class BatchFeed implements AutoCloseable {
    private final TrainingRows rows;
    private final PixelRows pixels;
    private final int[] order;
    private final int size;
    private final Augmentation augmentation;
    private final Batch[] buffers;
    private final ExecutorService filler = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("prefetch").factory());
    private Future<Batch> next;
    private int index;

    /// @param order row indices, in the order of use
    /// @param size rows of a batch; the last may have fewer
    /// @param first index of the first batch
    /// @param augmentation applied to each image; null for none
    BatchFeed(
            TrainingRows rows,
            PixelRows pixels,
            int side,
            int[] order,
            int size,
            int first,
            Augmentation augmentation) {
        this.rows = rows;
        this.pixels = pixels;
        this.order = order;
        this.size = size;
        this.augmentation = augmentation;
        this.index = first;
        this.buffers = new Batch[] {new Batch(size, side), new Batch(size, side)};
        this.next = fill(first);
    }

    /// @return number of batches for a number of rows
    static int count(int rows, int size) {
        return (rows + size - 1) / size;
    }

    private Future<Batch> fill(int batch) {
        int from = batch * size;
        if (from >= order.length) {
            return null;
        }
        return filler.submit(() -> {
            Batch buffer = buffers[batch % 2];
            rows.fill(buffer, pixels, order, from, Math.min(order.length, from + size));
            for (int row = 0; augmentation != null && row < buffer.count(); row++) {
                augmentation.change(buffer.row(row), from + row);
            }
            return buffer;
        });
    }

    /// @return whether there is another batch
    boolean hasNext() {
        return next != null;
    }

    /// @return the next batch; its memory is valid until the next call
    Batch next() {
        try {
            Batch filled = next.get();
            index++;
            next = fill(index);
            return filled;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a batch was filled", e);
        }
    }

    @Override
    public void close() {
        // Also waits for a batch that is being filled, because its memory is freed next.
        filler.close();
        for (Batch buffer : buffers) {
            buffer.close();
        }
    }
}
