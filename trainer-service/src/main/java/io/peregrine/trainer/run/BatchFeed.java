package io.peregrine.trainer.run;

import io.peregrine.artifacts.PixelRows;
import io.peregrine.vision.Training.Batch;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Batches in an order, the next one filled by a thread of its own while the present one is learnt from. Two
/// batches' memory in all.
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

    /// @param order which rows, in the order in which they are met
    /// @param size rows of a batch; the last may have fewer
    /// @param first batch to begin with
    /// @param augmentation of each image, or null
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

    /// @return batches of a set of rows
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

    /// @return the next batch, its memory good until the call after
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
        // Also waits for a batch that is being filled: its memory is freed next.
        filler.close();
        for (Batch buffer : buffers) {
            buffer.close();
        }
    }
}
