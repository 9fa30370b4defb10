package io.peregrine.trainer;

import io.peregrine.work.GarbageCollector;
import io.peregrine.work.PeriodicTasks;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/// Deletes checkpoints that trainings have given up, some seconds later and on a thread of its own:
/// no training waits for it, and a store or database that is away delays nothing else.
@ApplicationScoped
class ExpiredCheckpoints {
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final GarbageCollector pruning;
    /// True at first: whoever ended before this process may have left some.
    private final AtomicBoolean some = new AtomicBoolean(true);
    private PeriodicTasks clock;

    ExpiredCheckpoints(GarbageCollector pruning) {
        this.pruning = pruning;
    }

    /// Says that there may be some.
    void some() {
        some.set(true);
    }

    void start(@Observes StartupEvent start) {
        clock = new PeriodicTasks("expired-checkpoints")
                .repeat("delete expired checkpoints", PAUSE, PAUSE, this::delete);
    }

    void stop(@Observes ShutdownEvent stop) {
        clock.close();
    }

    private void delete() {
        if (!some.getAndSet(false)) {
            return;
        }
        boolean done = false;
        try {
            done = pruning.sweep();
        } finally {
            if (!done) {
                some.set(true);
            }
        }
    }
}
