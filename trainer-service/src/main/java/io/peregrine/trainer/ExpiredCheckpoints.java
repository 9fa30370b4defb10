package io.peregrine.trainer;

import io.peregrine.work.Pruning;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/// Deletes checkpoints that trainings have given up, some seconds later and on a thread of its own:
/// no training waits for it, and a store or database that is away delays nothing else.
@ApplicationScoped
class ExpiredCheckpoints {
    private static final Logger LOG = Logger.getLogger(ExpiredCheckpoints.class);
    private static final long SECONDS = 5;

    private final Pruning pruning;
    /// True at first: whoever ended before this process may have left some.
    private final AtomicBoolean some = new AtomicBoolean(true);
    private ScheduledExecutorService clock;

    ExpiredCheckpoints(Pruning pruning) {
        this.pruning = pruning;
    }

    /// Says that there may be some.
    void some() {
        some.set(true);
    }

    void start(@Observes StartupEvent start) {
        clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("expired-checkpoints").factory());
        clock.scheduleWithFixedDelay(this::delete, SECONDS, SECONDS, TimeUnit.SECONDS);
    }

    void stop(@Observes ShutdownEvent stop) {
        clock.shutdownNow();
    }

    private void delete() {
        if (!some.getAndSet(false)) {
            return;
        }
        boolean done = false;
        try {
            done = pruning.sweep();
        } catch (RuntimeException away) {
            LOG.debugf("expired checkpoints are deleted later: %s", away.getMessage());
        } finally {
            if (!done) {
                some.set(true);
            }
        }
    }
}
