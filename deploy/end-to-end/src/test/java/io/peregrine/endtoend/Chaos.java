package io.peregrine.endtoend;

import io.peregrine.local.Service;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/// Faults one after another, as a seed draws them, while runs of tiny datasets are published. Each is over, and
/// everything that it hit works again, before the next one comes.
final class Chaos {
    /// A fault that was done.
    ///
    /// @param atWork services that had a job at work which it hit
    /// @param runs that were open
    /// @param recovery until the first progress after its end
    record Done(Fault fault, Set<Service> atWork, Set<String> runs, Duration lasted, Duration recovery) {}

    /// @param skipped kinds that could not be done, with the reason
    /// @param wrong sentences
    record Outcome(
            List<Done> faults,
            Map<FaultKind, String> skipped,
            int runs,
            Map<String, List<String>> differences,
            Set<String> wrong,
            String counts) {
        boolean isRight() {
            return differences.isEmpty() && wrong.isEmpty();
        }
    }

    private static final Duration JOB = Duration.ofSeconds(8);
    private static final Duration DRAIN = Duration.ofMinutes(6);
    private static final Duration ONE_MORE = Duration.ofMinutes(2);

    private final PeregrineFixture house;
    private final SteadyRuns runs;
    private final FaultInjector injector;
    private final Recovery recovery;
    private final Map<FaultKind, String> skipped;
    private final List<Done> done = new ArrayList<>();
    private final Set<String> wrong = new TreeSet<>();
    private final long began = System.nanoTime();

    /// @param skipped kinds that cannot be done here, with the reason
    Chaos(PeregrineFixture house, SteadyRuns runs, Map<FaultKind, String> skipped) {
        this.house = house;
        this.runs = runs;
        this.injector = new FaultInjector(house);
        this.recovery = new Recovery(house);
        this.skipped = skipped;
    }

    /// @param time for the faults; what is open then has its own time to end
    /// @param whole whether every kind is done once, however long that takes
    Outcome disturb(Fault.Plan plan, Duration time, boolean whole) throws Exception {
        runs.measure();
        runs.begin();
        long deadline = System.nanoTime() + time.toNanos();
        while (wrong.isEmpty() && (System.nanoTime() < deadline || whole && !plan.isEveryKindDrawn())) {
            Fault fault = plan.next();
            if (!skipped.containsKey(fault.kind())) {
                disturb(fault);
            }
        }
        Set<String> open = runs.stop(DRAIN);
        if (!open.isEmpty()) {
            wrong.add("within %d s after the last fault these runs have not ended: %s"
                    .formatted(DRAIN.toSeconds(), open));
        }
        String last = runs.publishOneMore("afterwards");
        try {
            house.awaitEnd(last, ONE_MORE);
        } catch (AssertionError late) {
            wrong.add("a run that was published afterwards has not ended: " + late.getMessage());
        }
        Aftermath.Findings findings = Aftermath.of(house);
        wrong.addAll(findings.wrong());
        return new Outcome(done, skipped, runs.published(), runs.differences(), wrong, findings.toString());
    }

    private void disturb(Fault fault) throws Exception {
        TimeUnit.NANOSECONDS.sleep(fault.calm().toNanos());
        if (fault.service() != null) {
            awaitJob(fault);
        }
        Set<Service> atWork = recovery.atWork(fault.hit());
        Set<String> open = runs.open();
        Instant begin = Instant.now();
        Runnable afterwards = injector.inject(fault);
        // What is killed is away at once, and the way back is its recovery.
        Instant end = fault.length().isZero() ? begin : Instant.now();
        Duration recovered;
        try {
            recovered = recovery.await(fault, atWork, end);
        } catch (ConditionTimeoutException late) {
            wrong.add(late.getMessage());
            recovered = Recovery.LONGEST;
        }
        afterwards.run();
        done.add(new Done(fault, atWork, open, Duration.between(begin, end), recovered));
        System.out.printf(
                "%4d s  %s; %d runs open, at work: %s; progress after %.1f s%n",
                (System.nanoTime() - began) / 1_000_000_000,
                fault,
                open.size(),
                atWork.isEmpty() ? "nobody" : atWork,
                recovered.toMillis() / 1e3);
    }

    /// A fault that meets a service at work says more than one that finds it idle.
    private void awaitJob(Fault fault) throws Exception {
        long deadline = System.nanoTime() + JOB.toNanos();
        Set<Service> one = Set.of(fault.service());
        while (recovery.atWork(one).isEmpty() && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        // Ingest, balance and cluster do a tiny job in less.
        if (fault.service() == Service.TRAINER) {
            TimeUnit.NANOSECONDS.sleep(fault.delay().toNanos());
        }
    }
}
