package io.peregrine.work.jobs;

import io.peregrine.events.Stage;
import io.peregrine.work.messaging.Relay;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Producer;

/// The worker and the relay of a process. A scheduler runs them step by step; they have no threads of their own.
public final class Steps {
    private final Worker worker;
    private final Relay relay;
    private final Map<JobContext, Long> renewed = new ConcurrentHashMap<>();

    /// @param name name of the process
    /// @param application the application in the `source` of events
    /// @param artifacts where jobs publish
    /// @param clock returns nanoseconds
    public Steps(
            Database database,
            String name,
            String application,
            Stage stage,
            Duration lease,
            JobArtifacts artifacts,
            List<JobHandler> handlers,
            Producer<String, byte[]> producer,
            LongSupplier clock) {
        worker = new Worker(database, name, stage, lease, FairShare.DEFAULT_QUANTUM, artifacts, handlers, clock);
        relay = new Relay(database, () -> producer, "/peregrine/" + application, stage);
    }

    /// Claims one job and runs it in the calling thread.
    ///
    /// @return whether there was a job to claim
    public boolean job() {
        return worker.step();
    }

    /// Runs the periodic maintenance of jobs.
    public void upkeep() {
        worker.cancelAbandoned();
    }

    /// Renews the lease of the running job.
    public void heartbeat() {
        worker.heartbeat(renewed);
    }

    /// @return number of events sent
    public int relay() throws ExecutionException, InterruptedException {
        return relay.round();
    }
}
