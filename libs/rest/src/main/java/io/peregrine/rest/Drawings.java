package io.peregrine.rest;

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

/// Draws images for requests within bounds, so that no number of clients takes the memory or the processors of a
/// service that has other work.
///
/// - Each request states the memory that it needs before it allocates. More than the limit is a 422.
/// - Only some requests are drawn at the same time. The others wait for a moment, then get a 429 with
/// `Retry-After`.
/// - Several requests for the same image share one drawing, and finished images are kept, the last used longest.
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

    /// @param atOnce how many are drawn at the same time
    /// @param memory bytes for all of them together
    /// @param keptMost bytes of finished images
    /// @param patience how long a request waits for its turn
    public Drawings(int atOnce, long memory, long keptMost, Duration patience) {
        this.most = (int) Math.min(Integer.MAX_VALUE, memory / KILOBYTE);
        this.keptMost = keptMost;
        this.patience = patience;
        // Fair: a large drawing is not overtaken for ever by small ones.
        this.places = new Semaphore(atOnce, true);
        this.kilobytes = new Semaphore(most, true);
    }

    /// @return bytes that one drawing may need
    public long memory() {
        return (long) most * KILOBYTE;
    }

    /// Draws an image, or answers the one that is kept or just being drawn.
    ///
    /// @param key names exactly this image: what it is made of, and how
    /// @param bytes memory that drawing it needs, the finished image included
    /// @throws Problem.Thrown `DRAWING_TOO_LARGE` (422) or `BUSY` (429)
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

    /// Does other costly work of a request within the same bounds.
    ///
    /// @param bytes memory that it needs
    /// @throws Problem.Thrown `DRAWING_TOO_LARGE` (422) or `BUSY` (429)
    public <T> T within(long bytes, Supplier<T> work) {
        int needed = (int) Math.min(Integer.MAX_VALUE, Math.ceilDiv(bytes, (long) KILOBYTE));
        if (needed > most) {
            throw Problem.of(
                    GeneralProblem.DRAWING_TOO_LARGE,
                    "This would take %,d MB of memory, and %,d MB are allowed.".formatted(bytes >> 20, memory() >> 20));
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

    /// Waits longer than for a turn: the drawing is being done, and doing it again would take as long.
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
        return Problem.of(GeneralProblem.BUSY, "Others are being served, and this service draws only a few at a time.");
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
