package io.peregrine.work;

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

/// Ends this process when its liveness has been DOWN for `peregrine.work.unhealthy-exit`, with the reason in the
/// log.
///
/// A kubelet does that by itself. Neither compose nor the launcher restarts a process that lives, so the process
/// ends.
@ApplicationScoped
class UnhealthyExit {
    private static final Logger LOG = Logger.getLogger(UnhealthyExit.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Instance<HealthCheck> checks;
    private final Duration patience;
    private PeriodicTasks watch;
    /// When the first DOWN of a row was seen; null while it is up.
    private Long down;

    UnhealthyExit(@Liveness Instance<HealthCheck> checks, WorkConfig config) {
        this.checks = checks;
        this.patience = config.unhealthyExit();
    }

    // After the worker and the relay have been started.
    void start(@Observes @Priority(20_000) StartupEvent start) {
        if (patience.isZero()) {
            return;
        }
        watch = new PeriodicTasks("unhealthy-exit").repeat("liveness", PAUSE, PAUSE, this::check);
    }

    // Before they are stopped.
    void stop(@Observes @Priority(1) ShutdownEvent stop) {
        if (watch != null) {
            watch.close();
        }
    }

    private void check() {
        List<String> faults = faults();
        if (faults.isEmpty()) {
            if (down != null) {
                LOG.info("liveness is UP again");
            }
            down = null;
            return;
        }
        long now = System.nanoTime();
        String why = String.join("; ", faults);
        if (down == null) {
            down = now;
            LOG.errorf("liveness is DOWN and the process halts if it stays so for %d s: %s", patience.toSeconds(), why);
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
