package io.peregrine.rest;

import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/// Draws images for requests within limits, so that no number of clients can exhaust the memory or processors of
/// a service that has other work.
///
/// - Each request declares the memory that it needs before it allocates. More than the limit is answered with
///   422.
/// - The number of concurrent drawings is limited. Other requests wait briefly, then get a 429 with
///   `Retry-After`.
/// - Concurrent requests for the same image share one drawing. Finished images are kept in an LRU cache.
@Singleton
public final class Drawings {
    private static final int KILOBYTE = 1024;

    /// A finished image.
    ///
    /// @param tag strong ETag: a digest of the bytes
    public record Drawn(byte[] bytes, String tag) {}

    private final int most;
    private final Duration patience;
    private final long keptMost;
    private final Semaphore places;
    private final Semaphore kilobytes;
    private final Map<String, CompletableFuture<Drawn>> underway = new ConcurrentHashMap<>();
    private final Map<String, Drawn> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long keptBytes;

    @Inject
    Drawings(DrawingConfig config) {
        this(
                config.atOnce(),
                config.memory()
                        .map(memory -> memory.asLongValue())
                        .orElse(Runtime.getRuntime().maxMemory() / 2),
                config.kept().asLongValue(),
                config.patience());
    }

    /// @param atOnce maximum number of concurrent drawings
    /// @param memory memory limit in bytes of all concurrent drawings
    /// @param keptMost maximum bytes of cached images
    /// @param patience how long a request waits for its turn
    public Drawings(int atOnce, long memory, long keptMost, Duration patience) {
        this.most = (int) Math.min(Integer.MAX_VALUE, memory / KILOBYTE);
        this.keptMost = keptMost;
        this.patience = patience;
        // Fair semaphores: otherwise small drawings could delay a large one forever.
        this.places = new Semaphore(atOnce, true);
        this.kilobytes = new Semaphore(most, true);
    }

    /// @return maximum bytes that one drawing may need
    public long memory() {
        return (long) most * KILOBYTE;
    }

    /// Draws an image, or returns a cached image or the result of a drawing in progress.
    ///
    /// @param key identifies exactly this image: its input and its rendering
    /// @param bytes memory that the drawing needs, including the finished image
    /// @throws Problem.ProblemException `DRAWING_TOO_LARGE` (422) or `BUSY` (429)
    public Drawn draw(String key, long bytes, Supplier<byte[]> drawing) {
        Drawn known = kept(key);
        if (known != null) {
            return known;
        }
        CompletableFuture<Drawn> mine = new CompletableFuture<>();
        CompletableFuture<Drawn> theirs = underway.putIfAbsent(key, mine);
        if (theirs != null) {
            return shared(theirs);
        }
        try {
            Drawn drawn = within(bytes, () -> {
                byte[] image = drawing.get();
                return new Drawn(image, HttpCaching.tag(image));
            });
            keep(key, drawn);
            mine.complete(drawn);
            return drawn;
        } catch (RuntimeException | Error e) {
            mine.completeExceptionally(e);
            throw e;
        } finally {
            underway.remove(key, mine);
        }
    }

    /// Does other expensive work of a request within the same limits.
    ///
    /// @param bytes memory that the work needs
    /// @throws Problem.ProblemException `DRAWING_TOO_LARGE` (422) or `BUSY` (429)
    public <T> T within(long bytes, Supplier<T> work) {
        int needed = (int) Math.min(Integer.MAX_VALUE, Math.ceilDiv(bytes, (long) KILOBYTE));
        if (needed > most) {
            throw Problem.of(
                    GeneralProblem.DRAWING_TOO_LARGE,
                    "The request needs %,d MB of memory; the limit is %,d MB.".formatted(bytes >> 20, memory() >> 20));
        }
        long deadline = System.nanoTime() + patience.toNanos();
        boolean placed = false;
        boolean reserved = false;
        try {
            placed = places.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS);
            reserved = placed
                    && kilobytes.tryAcquire(needed, Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (!reserved) {
                throw busy();
            }
            return work.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw busy();
        } finally {
            if (reserved) {
                kilobytes.release(needed);
            }
            if (placed) {
                places.release();
            }
        }
    }

    /// Waits longer than for a turn: the drawing is in progress, and a second one would take as long.
    private Drawn shared(CompletableFuture<Drawn> theirs) {
        try {
            return theirs.get(10 * patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failed) {
                throw failed;
            }
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw busy();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw busy();
        }
    }

    private static Problem.ProblemException busy() {
        return Problem.of(GeneralProblem.BUSY, "The maximum number of concurrent drawings is reached.");
    }

    private synchronized Drawn kept(String key) {
        return kept.get(key);
    }

    private synchronized void keep(String key, Drawn drawn) {
        if (drawn.bytes().length > keptMost) {
            return;
        }
        Drawn before = kept.put(key, drawn);
        keptBytes += drawn.bytes().length - (before == null ? 0 : before.bytes().length);
        Iterator<Drawn> eldest = kept.values().iterator();
        while (keptBytes > keptMost) {
            keptBytes -= eldest.next().bytes().length;
            eldest.remove();
        }
    }
}
