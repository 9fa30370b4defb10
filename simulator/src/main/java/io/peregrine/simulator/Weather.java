package io.peregrine.simulator;

import java.util.random.RandomGenerator;

/// Fault rates of a schedule, drawn from its seed. Some schedules have only one kind of fault, others have all.
///
/// @param steps steps of the scheduler before the faults end
/// @param runs runs that users publish while there are faults
/// @param processes processes of each service
/// @param switches at how many of 100 points an activity yields to others
/// @param transactionPauses before how many of 1,000 commits an activity yields
/// @param databaseFaults at how many of 1,000 statements or commits a connection breaks
/// @param faults maximum number of faults that end a claim: crashes, power failures, broken connections, clock
///     jumps. A job fails after six claims without progress, so there must not be more.
/// @param garbage records that are not events
/// @param rewinds rewinds of consumers to older offsets
/// @param cancels cancellations that a user requests; `deletes` likewise
/// @param history whether the first run has ended before the first fault
/// @param recycling whether that run is then deleted, and the same dataset published again while its artifacts
///     are pruned
/// @param refusal whether the broker rejects an event of a run permanently, so that the run must fail
record Weather(
        int steps,
        int runs,
        int processes,
        int switches,
        int transactionPauses,
        int databaseFaults,
        int faults,
        int garbage,
        int rewinds,
        int cancels,
        int deletes,
        boolean history,
        boolean refusal,
        boolean recycling) {

    static Weather of(RandomGenerator random) {
        boolean recycling = random.nextInt(4) == 0;
        return new Weather(
                random.nextInt(60, 180),
                recycling || random.nextInt(10) < 3 ? 2 : 1,
                random.nextInt(1, 3),
                recycling ? 60 : pick(random, 0, 10, 30, 60),
                pick(random, 0, 30, 100),
                pick(random, 0, 5, 20),
                random.nextInt(0, 6),
                random.nextInt(0, 4),
                random.nextInt(0, 3),
                random.nextInt(0, 2),
                random.nextInt(0, 2),
                recycling || random.nextInt(3) == 0,
                random.nextInt(3) == 0,
                recycling);
    }

    /// @return no faults, for the expected results of runs
    static Weather calm() {
        return new Weather(0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, false, false, false);
    }

    private static int pick(RandomGenerator random, int... from) {
        return from[random.nextInt(from.length)];
    }
}
