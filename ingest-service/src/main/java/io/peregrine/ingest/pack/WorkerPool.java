package io.peregrine.ingest.pack;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/// A thread pool that processes the elements of a list.
public final class WorkerPool implements AutoCloseable {
    private final ExecutorService threads;

    /// @param count of threads, usually one per core
    public WorkerPool(int count) {
        this.threads = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().name("image-", 0).daemon().factory());
    }

    /// The operation on one element.
    @FunctionalInterface
    interface Task<A, B> {
        B of(A one) throws Exception;
    }

    /// @param between called in the caller's thread after each result, in order, with the number of results; an
    ///     exception from it stops the others
    /// @return results in the order of the list
    <A, B> List<B> each(List<A> all, Task<? super A, ? extends B> task, IntConsumer between)
            throws InterruptedException {
        List<Future<B>> futures = new ArrayList<>(all.size());
        for (A one : all) {
            futures.add(threads.submit(() -> task.of(one)));
        }
        try {
            List<B> results = new ArrayList<>(all.size());
            for (Future<B> future : futures) {
                results.add(future.get());
                between.accept(results.size());
            }
            return results;
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException unchecked -> throw unchecked;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            futures.forEach(future -> future.cancel(true));
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
