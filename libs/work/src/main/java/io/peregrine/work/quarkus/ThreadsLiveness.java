package io.peregrine.work.quarkus;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/// DOWN if a thread of the worker, heartbeat, relay or upkeep has died: the service would still answer but do no
/// work.
@Liveness
@ApplicationScoped
class ThreadsLiveness implements HealthCheck {
    private final WorkBeans work;

    ThreadsLiveness(WorkBeans work) {
        this.work = work;
    }

    @Override
    public HealthCheckResponse call() {
        String dead = String.join(", ", work.deadThreads());
        return HealthCheckResponse.named("Threads")
                .status(dead.isEmpty())
                .withData("dead", dead)
                .build();
    }
}
