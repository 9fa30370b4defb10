package io.peregrine.work;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/// Renews the leases of running jobs, four times a lease and at least once a second; notes which runs are served,
/// and tells jobs when another run's turn has come.
///
/// Whatever is thrown, the next beat is tried. While leases cannot be renewed they run out by our own clock, and
/// the jobs stop to be safe.
final class Heartbeat implements Runnable {
    private static final Logger LOG = Logger.getLogger(Heartbeat.class);
    private static final Duration LONGEST = Duration.ofSeconds(1);

    private final Jobs jobs;
    private final Duration lease;
    private final Set<JobContext> running;
    private final Map<String, Double> served;
    private final BooleanSupplier over;
    private final LongSupplier clock;
    /// Kinds of errors that were logged since the last beat without any.
    private final Set<Class<?>> told = new HashSet<>();

    /// @param running the jobs at work
    /// @param served seconds of work by run that are not noted yet
    /// @param over whether there is nothing left to renew, now or later
    /// @param clock as [System#nanoTime]
    Heartbeat(
            Jobs jobs,
            Duration lease,
            Set<JobContext> running,
            Map<String, Double> served,
            BooleanSupplier over,
            LongSupplier clock) {
        this.jobs = jobs;
        this.lease = lease;
        this.running = running;
        this.served = served;
        this.over = over;
        this.clock = clock;
    }

    @Override
    public void run() {
        Map<JobContext, Long> renewed = new HashMap<>();
        Duration pause = lease.dividedBy(4);
        while (!over.getAsBoolean()) {
            try {
                renewLeases(renewed);
                Thread.sleep(pause.compareTo(LONGEST) < 0 ? pause : LONGEST);
            } catch (InterruptedException ignored) {
                // Nobody may keep a heart from beating: jobs would be lost.
            } catch (Throwable error) {
                LoopErrors.log(LOG, told, "a heartbeat failed, the next one is tried", error);
            }
        }
    }

    /// @param kept when each lease was last renewed, by the clock; updated
    void renewLeases(Map<JobContext, Long> kept) {
        kept.keySet().retainAll(running);
        boolean whole = true;
        for (JobContext context : running) {
            long now = clock.getAsLong();
            kept.putIfAbsent(context, now);
            try {
                Optional<JobStoppedException.Reason> lost = jobs.renewLease(context.job());
                lost.filter(reason -> !context.isDone()).ifPresent(context::stop);
                kept.put(context, now);
                served.merge(context.job().run().id(), context.served(), Double::sum);
                if (context.isPreemptible()) {
                    context.otherRunFirst(jobs.isOtherRunFirst(context.job()));
                }
            } catch (Throwable error) {
                whole = false;
                if (now - kept.get(context) > lease.toNanos()) {
                    context.stop(JobStoppedException.Reason.LEASE_LOST);
                }
                LoopErrors.log(LOG, told, "a lease cannot be renewed, trying again", error);
            }
        }
        whole &= note();
        if (whole) {
            told.clear();
        }
    }

    /// Fairness is worth less than leases: what cannot be noted is forgotten.
    private boolean note() {
        Map<String, Double> seconds = new HashMap<>();
        for (String run : served.keySet()) {
            seconds.put(run, served.remove(run));
        }
        try {
            if (!seconds.isEmpty()) {
                jobs.served(seconds);
            }
            return true;
        } catch (Throwable error) {
            LoopErrors.log(LOG, told, "it cannot be noted which runs were served", error);
            return false;
        }
    }
}
