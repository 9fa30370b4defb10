package io.peregrine.endtoend.chaos;

import io.peregrine.endtoend.PeregrineFixture;
import io.peregrine.launcher.Service;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/// Injects faults, drawn from a seed, one after another while runs of tiny datasets are published. The next fault
/// starts only after everything hit by the previous one works again.
final class Chaos {
    /// A fault that was injected.
    ///
    /// @param atWork affected services that were running a job
    /// @param runs runs that were open
    /// @param recovery time from the end of the fault to the first progress
    record Done(Fault fault, Set<Service> atWork, Set<String> runs, Duration lasted, Duration recovery) {}

    /// @param skipped kinds of faults that could not be injected, with the reason
    /// @param wrong errors found
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

    private final PeregrineFixture fixture;
    private final SteadyRuns runs;
    private final FaultInjector injector;
    private final Recovery recovery;
    private final Map<FaultKind, String> skipped;
    private final List<Done> done = new ArrayList<>();
    private final Set<String> wrong = new TreeSet<>();
    private final long start = System.nanoTime();

    /// @param skipped kinds of faults that cannot be injected on this machine, with the reason
    Chaos(PeregrineFixture fixture, SteadyRuns runs, Map<FaultKind, String> skipped) {
        this.fixture = fixture;
        this.runs = runs;
        this.injector = new FaultInjector(fixture);
        this.recovery = new Recovery(fixture);
        this.skipped = skipped;
    }

    /// @param time time for the faults; open runs then have additional time to end
    /// @param whole whether every kind is injected at least once, however long that takes
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
            wrong.add("these runs had not ended %d s after the last fault: %s".formatted(DRAIN.toSeconds(), open));
        }
        String last = runs.publishOneMore("afterwards");
        try {
            fixture.awaitEnd(last, ONE_MORE);
        } catch (AssertionError late) {
            wrong.add("a run published afterwards has not ended: " + late.getMessage());
        }
        Aftermath.Findings findings = Aftermath.of(fixture);
        wrong.addAll(findings.wrong());
        return new Outcome(done, skipped, runs.published(), runs.differences(), wrong, findings.toString());
    }

    private void disturb(Fault fault) throws Exception {
        // Not a wait for something: faults come at random intervals.
        TimeUnit.NANOSECONDS.sleep(fault.calm().toNanos());
        if (fault.service() != null) {
            awaitJob(fault);
        }
        Set<Service> atWork = recovery.atWork(fault.hit());
        Set<String> open = runs.open();
        Instant begin = Instant.now();
        Runnable afterwards = injector.inject(fault);
        // A kill takes effect immediately; the restart is part of the recovery.
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
                "%4d s  %s; %d runs open, running a job: %s; progress after %.1f s%n",
                (System.nanoTime() - start) / 1_000_000_000,
                fault,
                open.size(),
                atWork.isEmpty() ? "none" : atWork,
                recovered.toMillis() / 1e3);
    }

    /// Waits for a job, because a fault during a job is a stronger test than one while the service is idle.
    private void awaitJob(Fault fault) throws Exception {
        Set<Service> one = Set.of(fault.service());
        try {
            Awaitility.await("a job of " + fault.service())
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .atMost(JOB)
                    .until(() -> !recovery.atWork(one).isEmpty());
        } catch (ConditionTimeoutException idle) {
            // Then the fault meets an idle service.
        }
        // The other services complete a tiny job in less time.
        if (fault.service() == Service.TRAINER) {
            // Not a wait for something: the fault comes at a random moment of the job.
            TimeUnit.NANOSECONDS.sleep(fault.delay().toNanos());
        }
    }
}
