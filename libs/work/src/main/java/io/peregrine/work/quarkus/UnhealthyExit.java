package io.peregrine.work.quarkus;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.jboss.logging.Logger;

/// Halts this process when its liveness has been DOWN for `peregrine.work.unhealthy-exit`. The reason is logged.
///
/// A kubelet restarts such a process by itself. Compose and the launcher restart only processes that have ended,
/// so the process ends itself.
@ApplicationScoped
class UnhealthyExit {
    private static final Logger LOG = Logger.getLogger(UnhealthyExit.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Instance<HealthCheck> checks;
    private final Duration patience;
    private PeriodicTasks watch;
    /// Time of the first DOWN of a series; null while liveness is UP.
    private Long down;

    UnhealthyExit(@Liveness Instance<HealthCheck> checks, WorkConfig config) {
        this.checks = checks;
        this.patience = config.unhealthyExit();
    }

    // Starts after the worker and the relay.
    void start(@Observes @Priority(20_000) StartupEvent start) {
        if (patience.isZero()) {
            return;
        }
        watch = new PeriodicTasks("unhealthy-exit").repeat("liveness", PAUSE, PAUSE, this::check);
    }

    // Stops before the worker and the relay.
    void stop(@Observes @Priority(1) ShutdownEvent stop) {
        if (watch != null) {
            watch.close();
        }
    }

    private void check() {
        List<String> faults = faults();
        if (faults.isEmpty()) {
            if (down != null) {
                LOG.info("Liveness is UP again");
            }
            down = null;
            return;
        }
        long now = System.nanoTime();
        String why = String.join("; ", faults);
        if (down == null) {
            down = now;
            LOG.errorf("Liveness is DOWN; the process halts if it stays DOWN for %d s: %s", patience.toSeconds(), why);
        } else if (now - down >= patience.toNanos()) {
            ProcessEnd.unhealthy(why);
        }
    }

    private List<String> faults() {
        List<String> faults = new ArrayList<>();
        for (HealthCheck check : checks) {
            try {
                HealthCheckResponse answer = check.call();
                if (answer.getStatus() == HealthCheckResponse.Status.DOWN) {
                    faults.add(answer.getName() + " "
                            + answer.getData().map(Object::toString).orElse(""));
                }
            } catch (RuntimeException broken) {
                faults.add(check.getClass().getSimpleName() + " " + broken);
            }
        }
        return faults;
    }
}
