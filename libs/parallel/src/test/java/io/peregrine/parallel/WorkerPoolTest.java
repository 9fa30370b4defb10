package io.peregrine.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
    private final WorkerPool pool = new WorkerPool("test", 3);

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void eachPieceRunsOnce() {
        AtomicIntegerArray runs = new AtomicIntegerArray(1_000);
        pool.each(runs.length(), runs::incrementAndGet);
        for (int piece = 0; piece < runs.length(); piece++) {
            assertThat(runs.get(piece)).isEqualTo(1);
        }
    }

    @Test
    void aFailureEndsTheOthersAndIsThrownAfterTheRunningPiecesHaveEnded() {
        CountDownLatch running = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicIntegerArray runs = new AtomicIntegerArray(1_000);
        assertThatThrownBy(() -> pool.each(runs.length(), piece -> {
                    runs.incrementAndGet(piece);
                    if (piece == 0) {
                        await(running);
                        throw new IllegalArgumentException("piece 0");
                    } else if (piece == 1) {
                        running.countDown();
                        // Still running when piece 0 fails.
                        Thread.yield();
                        ended.set(true);
                    } else {
                        await(running);
                        pause();
                    }
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("piece 0");
        assertThat(ended).isTrue();
        assertThat(runs.get(999)).isZero();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Not a wait: a piece of work, so that a thousand of them take longer than a failure.
    private static void pause() {
        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
    }

    @Test
    void anInterruptEndsTheComputationAndStaysSet() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                pool.each(10_000, piece -> {
                    running.countDown();
                    pause();
                });
                interrupted.complete(false);
            } catch (IllegalStateException stopped) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        running.await();
        caller.interrupt();
        assertThat(interrupted.get()).isTrue();
    }

    @Test
    void resultsAreInTheOrderOfTheListAndCountedInTheCallersThread() throws InterruptedException {
        List<Integer> counts = new ArrayList<>();
        List<Thread> callers = new ArrayList<>();
        assertThat(pool.map(List.of("a", "bb", "ccc"), String::length, done -> {
                    counts.add(done);
                    callers.add(Thread.currentThread());
                }))
                .containsExactly(1, 2, 3);
        assertThat(counts).containsExactly(1, 2, 3);
        assertThat(callers).containsOnly(Thread.currentThread());
    }

    @Test
    void anExceptionOfOneElementIsThrown() {
        assertThatThrownBy(() -> pool.map(List.of(1, 0), one -> 1 / one, done -> {}))
                .isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> pool.map(
                        List.of(1),
                        one -> {
                            throw new java.io.IOException("unreadable");
                        },
                        done -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasCauseInstanceOf(java.io.IOException.class);
    }
}
