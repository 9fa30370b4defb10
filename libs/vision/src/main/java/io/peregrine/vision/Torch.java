package io.peregrine.vision;

import ai.djl.engine.Engine;
import io.peregrine.events.Failure;

/// The PyTorch engine of this process, with a thread count that is said and kept.
///
/// Sums are taken in another order with another number of threads, so the same bytes need the same number: a run
/// records
/// it, and every resume uses it.
public final class Torch {
    private static final String THREADS = "ai.djl.pytorch.num_threads";

    private static Integer loadedWith;

    private Torch() {}

    /// Loads the engine; again with the same number does nothing.
    ///
    /// @param threads of one tensor operation, at least 1
    /// @throws Failure OURS `ENGINE_THREADS`, if the engine was loaded with another number
    public static synchronized Engine load(int threads) {
        if (loadedWith == null) {
            System.setProperty(THREADS, Integer.toString(threads));
            System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
            System.setProperty("OPT_OUT_TRACKING", "true");
            Engine engine = Engine.getEngine("PyTorch");
            loadedWith = threads;
            return engine;
        }
        if (loadedWith != threads) {
            throw Failure.ours(
                    "ENGINE_THREADS",
                    "the engine runs with %d threads and cannot change to %d; start the service anew with %s=%d"
                            .formatted(loadedWith, threads, THREADS, threads),
                    null);
        }
        return Engine.getEngine("PyTorch");
    }

    /// @return the engine as it is, loaded with as many threads as `ai.djl.pytorch.num_threads` or the
    ///     processors say
    public static synchronized Engine load() {
        return load(threads());
    }

    /// @return threads of one tensor operation, now or once loaded
    public static synchronized int threads() {
        return loadedWith != null
                ? loadedWith
                : Integer.getInteger(THREADS, Runtime.getRuntime().availableProcessors());
    }
}
