package io.peregrine.simulator;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobArtifacts;
import io.peregrine.work.jobs.Steps;
import io.peregrine.work.messaging.Inbox;
import io.peregrine.work.retention.GarbageCollector;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.kafka.clients.producer.Producer;

/// One process of a service: the objects that `WorkBeans`, `StoreBean` and the service's beans create, and that
/// are lost in a crash.
final class Process {
    /// The value in `WorkConfig`.
    static final Duration LEASE = Duration.ofSeconds(10);

    private final Service service;
    private final String name;
    private final String skew;
    private final ServiceCode code;
    private final GarbageCollector pruning;
    private final Steps steps;
    private boolean alive = true;
    Activity job;
    Activity relay;
    Activity heartbeat;

    /// @param name unique name, also among successive processes of one service
    /// @param skew offset of this machine's clock
    Process(
            Service service,
            String name,
            String skew,
            Database database,
            Path store,
            Path datasets,
            Producer<String, byte[]> producer,
            SimulatedClock clock,
            Bug bug) {
        this.service = service;
        this.name = name;
        this.skew = skew;
        ArtifactStore files = new FileStore(store);
        if (bug == Bug.PUBLISH_BEFORE_REFERENCE) {
            files = HastyStore.of(files);
        }
        Inbox inbox = new Inbox(database, event -> {});
        // While the database is unavailable an inbox waits on its thread. A stopped inbox returns the record
        // immediately, and the schedule delivers it again. The effect on the database is the same, and no thread
        // sleeps.
        inbox.stop();
        this.pruning = new GarbageCollector(database, files, service.kinds());
        this.code = service.code(new Parts(database, files, inbox, pruning, datasets));
        this.steps = new Steps(
                database,
                name,
                service.application(),
                service.stage(),
                LEASE,
                new JobArtifacts(files, service.kinds()),
                code.handlers(),
                producer,
                () -> clock.elapsed().toNanos());
    }

    Service service() {
        return service;
    }

    String name() {
        return name;
    }

    String skew() {
        return skew;
    }

    ServiceCode code() {
        return code;
    }

    Steps steps() {
        return steps;
    }

    GarbageCollector pruning() {
        return pruning;
    }

    boolean isAlive() {
        return alive;
    }

    void kill() {
        alive = false;
    }
}
