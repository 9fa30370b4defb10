package io.peregrine.work.quarkus;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.FailureException;
import io.peregrine.work.jobs.JobArtifacts;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Ready as long as a small file can be written to the store's disk. If only large artifacts do not fit, the
/// response contains the message, and the service stays ready: it still answers and runs jobs that need less
/// space.
@Readiness
@ApplicationScoped
class StoreReadiness implements HealthCheck {
    private static final String NAME = "Store";

    private final ArtifactStore store;
    private final JobArtifacts artifacts;

    StoreReadiness(ArtifactStore store, JobArtifacts artifacts) {
        this.store = store;
        this.artifacts = artifacts;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder answer =
                HealthCheckResponse.named(NAME).withData("folder", store.disk().toString());
        try {
            store.mustBeWritable();
            answer.withData("freeBytes", store.usableBytes()).up();
            artifacts.fullDiskMessage().ifPresent(refused -> answer.withData("refused", refused));
        } catch (FailureException refused) {
            answer.withData("refused", refused.getMessage()).down();
        }
        return answer.build();
    }
}
