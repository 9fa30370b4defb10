package io.peregrine.work;

import io.peregrine.events.Stage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Producer;

/// A process's worker and relay, made a step at a time by a scheduler instead of on threads of their own.
public final class Steps {
    private final Worker worker;
    private final Relay relay;
    private final Map<JobContext, Long> renewed = new ConcurrentHashMap<>();

    /// @param name of the process
    /// @param application that events are said to come from
    /// @param clock in nanoseconds
    public Steps(
            Database database,
            String name,
            String application,
            Stage stage,
            Duration lease,
            List<JobHandler> handlers,
            Producer<String, byte[]> producer,
            LongSupplier clock) {
        worker = new Worker(database, name, stage, lease, FairShare.DEFAULT_QUANTUM, handlers, clock);
        relay = new Relay(database, () -> producer, "/peregrine/" + application, stage);
    }

    /// Claims one job and runs it in the calling thread.
    ///
    /// @return whether there was a job to claim
    public boolean job() {
        return worker.step();
    }

    /// What a service does from time to time for its jobs.
    public void upkeep() {
        worker.cancelAbandoned();
    }

    /// Renews the lease of the job that runs.
    public void heartbeat() {
        worker.heartbeat(renewed);
    }

    /// @return how many events were sent
    public int relay() throws ExecutionException, InterruptedException {
        return relay.round();
    }
}
