package io.peregrine.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/// A fixed number of threads that share the pieces of a computation. Each thread takes the next piece as soon as
/// it is idle, so which thread runs which piece is random. If each piece writes only its own output, and each sum
/// is computed within one piece, the result has the same bits for any number of threads.
public final class WorkerPool implements AutoCloseable {
    private final int size;
    private final ExecutorService threads;

    /// @param name prefix of the threads' names
    /// @param size number of threads, at least 1; usually one per core
    public WorkerPool(String name, int size) {
        this.size = size;
        this.threads = Executors.newFixedThreadPool(
                size, Thread.ofPlatform().daemon().name(name + "-", 0).factory());
    }

    /// @return number of threads
    public int size() {
        return size;
    }

    /// Runs pieces 0 to count − 1, started in this order, and waits for all of them. After a failure no further
    /// piece is started.
    ///
    /// @throws RuntimeException that of a failed piece
    /// @throws IllegalStateException if this thread was interrupted; its interrupt status is set
    public void each(int count, IntConsumer piece) {
        AtomicInteger next = new AtomicInteger();
        List<Future<?>> running = new ArrayList<>();
        Throwable failed = null;
        try {
            for (int i = 0; i < Math.min(size, count); i++) {
                running.add(threads.submit(() -> take(next, count, piece)));
            }
        } catch (RuntimeException | Error e) {
            // Such as the lack of memory for another thread.
            next.set(count);
            failed = e;
        }
        boolean interrupted = false;
        // Waits for all of them in any case: no thread may access memory that the caller is about to release.
        for (Future<?> one : running) {
            boolean done = false;
            while (!done) {
                try {
                    one.get();
                    done = true;
                } catch (InterruptedException e) {
                    interrupted = true;
                    next.set(count);
                } catch (ExecutionException e) {
                    failed = failed == null ? e.getCause() : failed;
                    done = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted during a parallel computation");
        }
        if (failed != null) {
            throw unchecked(failed);
        }
    }

    private static void take(AtomicInteger next, int count, IntConsumer piece) {
        boolean succeeded = false;
        try {
            for (int number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
                piece.accept(number);
            }
            succeeded = true;
        } finally {
            if (!succeeded) {
                next.set(count);
            }
        }
    }

    /// The operation on one element of a list.
    @FunctionalInterface
    public interface Task<A, B> {
        B of(A one) throws Exception;
    }

    /// Processes the elements of a list. After a failure the other elements are cancelled: started ones are
    /// interrupted and not awaited.
    ///
    /// @param between called in the caller's thread after each result, in order, with the number of results; an
    ///     exception from it stops the others
    /// @return results in the order of the list
    /// @throws RuntimeException that of a failed element; [IllegalStateException] with the cause if it is checked
    public <A, B> List<B> map(List<A> all, Task<? super A, ? extends B> task, IntConsumer between)
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
            throw unchecked(e.getCause());
        } finally {
            futures.forEach(future -> future.cancel(true));
        }
    }

    /// @return the error if it is unchecked, otherwise an exception with this cause; an [Error] is thrown
    private static RuntimeException unchecked(Throwable failed) {
        return switch (failed) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException(failed);
        };
    }

    /// Interrupts the threads and ends them.
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
