package io.peregrine.balance.smote;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/// Threads that share tasks, each taking the next as soon as it has time.
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

    /// Does tasks 0 to count − 1, begun in this order, and waits for all of them.
    ///
    /// @throws RuntimeException what the first that failed threw
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
        // All of them, whatever happens: none may go on over memory that is given back next.
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
