package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.rest.Drawings.Drawn;
import io.peregrine.rest.problem.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DrawingsTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(50);

    @Test
    void aDrawingThatNeedsTooMuchMemoryIsRejectedBeforeItStarts() {
        Drawings drawings = new Drawings(2, 1 << 20, 1 << 20, SHORT);
        AtomicInteger begun = new AtomicInteger();

        assertThatThrownBy(() -> drawings.draw("sheet", 5 << 20, () -> new byte[begun.incrementAndGet()]))
                .isInstanceOf(Problem.ProblemException.class)
                .hasMessageContaining("5 MB")
                .hasMessageContaining("1 MB");

        assertThat(begun).hasValue(0);
        assertThat(drawings.memory()).isEqualTo(1 << 20);
    }

    @Test
    void aHundredClientsOfOneImageShareOneDrawing() throws Exception {
        Drawings drawings = new Drawings(2, 1 << 20, 1 << 20, LONG);
        AtomicInteger drawn = new AtomicInteger();
        List<Callable<Drawn>> clients = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            clients.add(() -> drawings.draw("chart", 1_000, () -> new byte[] {1, (byte) drawn.incrementAndGet()}));
        }

        try (ExecutorService threads = Executors.newFixedThreadPool(100)) {
            for (Future<Drawn> answer : threads.invokeAll(clients)) {
                assertThat(answer.get().bytes()).containsExactly(1, 1);
                assertThat(answer.get().tag()).isEqualTo(HttpCaching.tag(new byte[] {1, 1}));
            }
        }

        assertThat(drawn).hasValue(1);
    }

    @Test
    void requestsAboveTheLimitGet429AndPermitsAreReleased() throws Exception {
        Drawings drawings = new Drawings(2, 1 << 20, 1 << 20, SHORT);
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch mayEnd = new CountDownLatch(1);

        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Drawn>> first = new ArrayList<>();
            for (String key : List.of("a", "b")) {
                first.add(threads.submit(() -> drawings.draw(key, 1_000, () -> {
                    begun.countDown();
                    await(mayEnd);
                    return new byte[1];
                })));
            }
            await(begun);
            assertThatThrownBy(() -> drawings.draw("c", 1_000, () -> new byte[1]))
                    .isInstanceOf(Problem.ProblemException.class)
                    .hasMessageContaining("Retry-After");
            // A request for a drawing in progress waits for its result, not for a permit.
            Future<Drawn> same = threads.submit(() -> drawings.draw("a", 1_000, () -> new byte[9]));
            mayEnd.countDown();
            for (Future<Drawn> one : first) {
                assertThat(one.get(30, TimeUnit.SECONDS).bytes()).hasSize(1);
            }
            assertThat(same.get(30, TimeUnit.SECONDS).bytes()).hasSize(1);
        }
        assertThat(drawings.draw("c", 1_000, () -> new byte[3]).bytes()).hasSize(3);
    }

    @Test
    void twoThatTogetherNeedTooMuchMemoryTakeTurns() throws Exception {
        Drawings drawings = new Drawings(2, 1_000 << 10, 1 << 20, LONG);
        AtomicInteger together = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Callable<Drawn>> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String key = "large " + i;
            clients.add(() -> drawings.draw(key, 600 << 10, () -> {
                most.accumulateAndGet(together.incrementAndGet(), Math::max);
                together.decrementAndGet();
                return new byte[1];
            }));
        }

        try (ExecutorService threads = Executors.newFixedThreadPool(20)) {
            for (Future<Drawn> answer : threads.invokeAll(clients)) {
                answer.get();
            }
        }

        assertThat(most).hasValue(1);
    }

    @Test
    void aFailedDrawingFailsForAllThatShareItAndReleasesItsMemory() {
        Drawings drawings = new Drawings(1, 1_000 << 10, 1 << 20, SHORT);
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> drawings.draw("bad", 900 << 10, () -> {
                        throw new IllegalStateException("no such pack");
                    }))
                    .hasMessage("no such pack");
        }
        assertThat(drawings.draw("bad", 900 << 10, () -> new byte[2]).bytes()).hasSize(2);
    }

    @Test
    void finishedImagesAreCachedWithinTheirLimitByLastUse() {
        Drawings drawings = new Drawings(1, 1 << 20, 250, SHORT);
        AtomicInteger drawn = new AtomicInteger();
        for (String key : List.of("a", "b", "a", "c", "a", "b")) {
            drawings.draw(key, 100, () -> {
                drawn.incrementAndGet();
                return new byte[100];
            });
        }
        // a, b and c are drawn; c evicts b, which is drawn again.
        assertThat(drawn).hasValue(4);
        drawings.draw("larger than all", 300, () -> new byte[251]);
        drawings.draw("a", 100, () -> new byte[drawn.incrementAndGet()]);
        assertThat(drawn).hasValue(4);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
