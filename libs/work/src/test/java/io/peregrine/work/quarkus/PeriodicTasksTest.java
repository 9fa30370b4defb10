package io.peregrine.work.quarkus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class PeriodicTasksTest {
    private static final Duration PAUSE = Duration.ofMillis(5);

    @Test
    void aTaskThatThrowsRunsAgainAndSoDoTheOthers() {
        AtomicInteger exceptions = new AtomicInteger();
        AtomicInteger errors = new AtomicInteger();
        AtomicInteger others = new AtomicInteger();
        try (PeriodicTasks tasks = new PeriodicTasks("test")
                .repeat("exception", PAUSE, PAUSE, () -> {
                    exceptions.incrementAndGet();
                    throw new java.io.IOException("away");
                })
                .repeat("error", PAUSE, PAUSE, () -> {
                    errors.incrementAndGet();
                    throw new NoClassDefFoundError("gone");
                })
                .repeat("other", PAUSE, PAUSE, others::incrementAndGet)) {
            Awaitility.await().until(() -> exceptions.get() > 2 && errors.get() > 2 && others.get() > 2);
            assertThat(tasks.isAlive()).isTrue();
        }
    }

    @Test
    void afterAVirtualMachineErrorTheProcessEnds() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OutOfMemory.class.getName())
                .redirectErrorStream(true)
                .start();
        String log = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(log).isTrue();
        assertThat(process.exitValue()).as(log).isEqualTo(3);
    }

    @Test
    void aTaskThatTheShutdownInterruptsIsNotReportedAsFailed() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Shutdown.class.getName())
                .redirectErrorStream(true)
                .start();
        String log = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(log).isTrue();
        assertThat(process.exitValue()).as(log).isZero();
        assertThat(log).contains("fails before the shutdown").doesNotContain("Interrupted while acquiring");
    }

    /// Closes its tasks while one waits for a connection of a pool.
    static final class Shutdown {
        public static void main(String[] arguments) throws Exception {
            CompletableFuture<Thread> waiting = new CompletableFuture<>();
            PeriodicTasks tasks = new PeriodicTasks("test")
                    .repeat("fail", Duration.ZERO, Duration.ofHours(1), () -> {
                        throw new IllegalStateException("fails before the shutdown");
                    })
                    .repeat("acquire", Duration.ZERO, Duration.ofHours(1), () -> {
                        waiting.complete(Thread.currentThread());
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException("Interrupted while acquiring");
                        }
                    });
            Thread thread = waiting.get();
            tasks.close();
            thread.join();
        }
    }

    /// `-XX:+ExitOnOutOfMemoryError` does not react to a failed allocation of native memory.
    static final class OutOfMemory {
        public static void main(String[] arguments) throws InterruptedException {
            new PeriodicTasks("test").repeat("reserve", PAUSE, PAUSE, () -> {
                throw new OutOfMemoryError("Cannot reserve 8 bytes of direct buffer memory");
            });
            new CountDownLatch(1).await();
        }
    }
}
