package io.peregrine.cluster.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/// Threads that run tasks in parallel. The assignment of tasks to threads is random. So each task writes only its
/// own output, and each sum is computed within one task. The result then has the same bits for any number of
/// threads.
public final class WorkerPool implements AutoCloseable {
    private final ExecutorService threads;

    /// @param size number of threads, at least 1
    public WorkerPool(int size) {
        this.threads = Executors.newFixedThreadPool(
                size, Thread.ofPlatform().daemon().name("analysis-", 0).factory());
    }

    /// Runs tasks 0 to pieces − 1 and returns when all are done.
    void each(int pieces, IntConsumer work) {
        List<Future<?>> running = new ArrayList<>(pieces);
        for (int piece = 0; piece < pieces; piece++) {
            int mine = piece;
            running.add(threads.submit(() -> work.accept(mine)));
        }
        try {
            for (Future<?> one : running) {
                one.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during the analysis", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            running.forEach(one -> one.cancel(true));
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
