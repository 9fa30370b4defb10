package io.peregrine.launcher;

import io.peregrine.platform.Supervised;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Restarts child processes of the launcher that have ended or that no longer answer probes. Each child has its
/// own supervisor thread, so that no child delays another.
final class Supervisor implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(200);
    /// Time for a start: usually seconds, but the recovery of a large database takes longer.
    private static final Duration START = Duration.ofMinutes(3);
    /// A child that ends within this time after its start counts as a failed start.
    private static final Duration UP = Duration.ofSeconds(5);

    private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);

    private final ChildProcesses children;
    private final Duration probePause;
    private final int probes;
    private final Consumer<String> notices;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closing;

    /// @param probePause time between two probes of a child
    /// @param probes number of consecutive unanswered probes after which a child counts as hung
    /// @param notices receives one line for each child that is restarted
    Supervisor(ChildProcesses children, Duration probePause, int probes, Consumer<String> notices) {
        this.children = children;
        this.probePause = probePause;
        this.probes = probes;
        this.notices = notices;
    }

    /// Supervises a child that was just started.
    synchronized void watch(Supervised child) {
        children.started(child, null);
        threads.add(Thread.ofPlatform()
                .daemon()
                .name("supervisor of " + child.name())
                .start(() -> new Watch(child).run()));
    }

    private final class Watch {
        private final Supervised child;
        private long started = System.nanoTime();
        private long nextProbe = started;
        private boolean answered;
        private int unanswered;
        private int earlyEnds;
        private int failedStarts;

        Watch(Supervised child) {
            this.child = child;
        }

        void run() {
            while (!closing) {
                try {
                    sleep(PAUSE);
                    if (child.isWanted() && !closing) {
                        fault().ifPresent(this::restart);
                    }
                } catch (InterruptedException e) {
                    return;
                } catch (RuntimeException | Error e) {
                    // The supervisor must keep running, even if the same error is reported repeatedly.
                    failedStarts++;
                    Duration wait = backoff(failedStarts);
                    if (!closing) {
                        notices.accept("Cannot restart %s, next attempt in %d s: %s"
                                .formatted(child.name(), wait.toSeconds(), e));
                    }
                    try {
                        sleep(wait);
                    } catch (InterruptedException closed) {
                        return;
                    }
                }
            }
        }

        private Optional<String> fault() {
            Optional<String> end = child.ended();
            if (end.isPresent()) {
                return end;
            }
            children.seen(child);
            long now = System.nanoTime();
            if (now < nextProbe) {
                return Optional.empty();
            }
            if (child.answers()) {
                answered = true;
                unanswered = 0;
            } else if (answered || now - started > START.toNanos()) {
                unanswered++;
            }
            nextProbe = System.nanoTime() + probePause.toNanos();
            // Probes are counted instead of measuring time, because this process or the machine may have been
            // suspended.
            return unanswered < probes
                    ? Optional.empty()
                    : Optional.of("did not answer %d times in a row".formatted(probes));
        }

        private void restart(String fault) {
            boolean early = System.nanoTime() - started < UP.toNanos();
            earlyEnds = early ? earlyEnds + 1 : 0;
            Duration wait = earlyEnds < 2 ? Duration.ZERO : backoff(earlyEnds - 1);
            notices.accept("%s %s; restarting it%s. Log: %s"
                    .formatted(
                            child.name(),
                            fault,
                            wait.isZero() ? "" : " in %d s".formatted(wait.toSeconds()),
                            child.log()));
            try {
                sleep(wait);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            if (closing || !child.isWanted()) {
                return;
            }
            started = System.nanoTime();
            nextProbe = started;
            answered = false;
            unanswered = 0;
            child.restart();
            failedStarts = 0;
            children.started(child, fault);
        }
    }

    /// @return 1, 2, 4, 8, 16, then 30 seconds
    private static Duration backoff(int times) {
        Duration wait = Duration.ofSeconds(1L << Math.min(times - 1, 5));
        return wait.compareTo(MAX_BACKOFF) < 0 ? wait : MAX_BACKOFF;
    }

    private static void sleep(Duration pause) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    }

    /// Stops supervising, and waits for a restart that is in progress.
    @Override
    public void close() {
        List<Thread> watching;
        synchronized (this) {
            closing = true;
            watching = List.copyOf(threads);
        }
        for (Thread thread : watching) {
            thread.interrupt();
            try {
                thread.join(Duration.ofSeconds(20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
