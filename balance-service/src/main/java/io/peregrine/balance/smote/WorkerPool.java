package io.peregrine.balance.smote;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/// A thread pool for numbered tasks. Each thread takes the next task as soon as it is idle.
final class WorkerPool implements AutoCloseable {
    private final int size;
    private final ExecutorService threads;

    /// @param size threads, at least 1
    WorkerPool(int size) {
        this.size = size;
        this.threads = Executors.newFixedThreadPool(
                size, Thread.ofPlatform().daemon().name("neighbours-", 0).factory());
    }

    int size() {
        return size;
    }

    /// Runs tasks 0 to count − 1, started in this order, and waits for all of them.
    ///
    /// @throws RuntimeException that of the first failed task
    void each(int count, IntConsumer task) {
        AtomicInteger next = new AtomicInteger();
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < Math.min(size, count); i++) {
            running.add(threads.submit(() -> {
                for (int number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
                    task.accept(number);
                }
            }));
        }
        RuntimeException failed = null;
        boolean interrupted = false;
        // Waits for all of them in any case: no thread may access memory that the caller is about to release.
        for (Future<?> one : running) {
            try {
                awaitOne(one);
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (RuntimeException e) {
                failed = failed == null ? e : failed;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in a neighbour search");
        }
        if (failed != null) {
            throw failed;
        }
    }

    private static void awaitOne(Future<?> one) throws InterruptedException {
        try {
            one.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException unchecked
                    ? unchecked
                    : new IllegalStateException(e.getCause());
        }
    }

    /// Waits for the threads.
    @Override
    public void close() {
        threads.close();
    }
}
