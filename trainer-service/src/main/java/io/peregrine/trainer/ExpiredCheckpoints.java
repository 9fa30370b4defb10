package io.peregrine.trainer;

import io.peregrine.work.quarkus.PeriodicTasks;
import io.peregrine.work.retention.GarbageCollector;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/// Deletes expired checkpoints a few seconds later, on a separate thread. No training waits for it, and an
/// unavailable store or database delays nothing else.
@ApplicationScoped
class ExpiredCheckpoints {
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final GarbageCollector collector;
    /// True at first: an earlier process may have left some.
    private final AtomicBoolean pending = new AtomicBoolean(true);
    private PeriodicTasks tasks;

    ExpiredCheckpoints(GarbageCollector collector) {
        this.collector = collector;
    }

    /// Marks that expired checkpoints may exist.
    void markPending() {
        pending.set(true);
    }

    void start(@Observes StartupEvent start) {
        tasks = new PeriodicTasks("expired-checkpoints")
                .repeat("delete expired checkpoints", PAUSE, PAUSE, this::delete);
    }

    void stop(@Observes ShutdownEvent stop) {
        tasks.close();
    }

    private void delete() {
        if (!pending.getAndSet(false)) {
            return;
        }
        boolean done = false;
        try {
            done = collector.sweep();
        } finally {
            if (!done) {
                pending.set(true);
            }
        }
    }
}
