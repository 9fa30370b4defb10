package io.peregrine.work.jobs;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/// Renews the leases of running jobs, four times per lease and at least once a second. Also charges work time to
/// runs, and notifies preemptible jobs when another run comes first.
///
/// After any error the next heartbeat is tried. If leases cannot be renewed, they expire by the worker's own
/// clock, and the jobs stop to be safe.
final class Heartbeat implements Runnable {
    private static final Logger LOG = Logger.getLogger(Heartbeat.class);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(1);

    private final Jobs jobs;
    private final Duration lease;
    private final Set<JobContext> running;
    private final Map<String, Double> served;
    private final BooleanSupplier isOver;
    private final LongSupplier clock;
    /// Kinds of errors logged since the last heartbeat that succeeded completely.
    private final Set<Class<?>> logged = new HashSet<>();

    /// @param running the jobs that are running
    /// @param served seconds of work by run that are not yet in the database
    /// @param isOver whether no lease has to be renewed, now or later
    /// @param clock as [System#nanoTime]
    Heartbeat(
            Jobs jobs,
            Duration lease,
            Set<JobContext> running,
            Map<String, Double> served,
            BooleanSupplier isOver,
            LongSupplier clock) {
        this.jobs = jobs;
        this.lease = lease;
        this.running = running;
        this.served = served;
        this.isOver = isOver;
        this.clock = clock;
    }

    @Override
    public void run() {
        Map<JobContext, Long> renewed = new HashMap<>();
        Duration pause = lease.dividedBy(4);
        while (!isOver.getAsBoolean()) {
            try {
                renewLeases(renewed);
                Thread.sleep(pause.compareTo(MAX_PAUSE) < 0 ? pause : MAX_PAUSE);
            } catch (InterruptedException ignored) {
                // Interrupts must not end the heartbeat: running jobs would lose their leases.
            } catch (Throwable error) {
                LoopErrors.log(LOG, logged, "Heartbeat failed, retrying", error);
            }
        }
    }

    /// @param renewed time of each lease's last renewal, by the clock; updated
    void renewLeases(Map<JobContext, Long> renewed) {
        renewed.keySet().retainAll(running);
        boolean complete = true;
        for (JobContext context : running) {
            long now = clock.getAsLong();
            renewed.putIfAbsent(context, now);
            try {
                Optional<JobStoppedException.Reason> lost = jobs.renewLease(context.job());
                lost.filter(reason -> !context.isDone()).ifPresent(context::stop);
                renewed.put(context, now);
                served.merge(context.job().run().id(), context.served(), Double::sum);
                if (context.isPreemptible()) {
                    context.setOtherRunFirst(jobs.isOtherRunFirst(context.job()));
                }
            } catch (Throwable error) {
                complete = false;
                if (now - renewed.get(context) > lease.toNanos()) {
                    context.stop(JobStoppedException.Reason.LEASE_LOST);
                }
                LoopErrors.log(LOG, logged, "Cannot renew a lease, retrying", error);
            }
        }
        complete &= chargeServed();
        if (complete) {
            logged.clear();
        }
    }

    /// Leases are more important than fairness: work time that cannot be written is dropped.
    private boolean chargeServed() {
        Map<String, Double> seconds = new HashMap<>();
        for (String run : served.keySet()) {
            seconds.put(run, served.remove(run));
        }
        try {
            if (!seconds.isEmpty()) {
                jobs.chargeWork(seconds);
            }
            return true;
        } catch (Throwable error) {
            LoopErrors.log(LOG, logged, "Cannot record the work time of runs", error);
            return false;
        }
    }
}
