package io.peregrine.simulator;

import java.util.random.RandomGenerator;

/// How rough a schedule is, drawn from its seed: some are calm but for one kind of fault, some have all.
///
/// @param steps of the scheduler before the faults end
/// @param runs that users publish while there are faults
/// @param processes of each service
/// @param switches how often in 100 points an activity gives way to others
/// @param transactionPauses how often in 1,000 commits it gives way before one
/// @param databaseFaults how often in 1,000 statements or commits a connection breaks
/// @param faults budget of what ends a claim: crashes, power cuts, broken connections, jumps of the clock. A job
///     is given up after six claims without progress, so there must not be more.
/// @param garbage records that are no events
/// @param rewinds of consumers to older offsets
/// @param cancels and `deletes` that a user asks for
/// @param history whether the first run has ended before anything goes wrong
/// @param recycling whether that run is deleted then, and the same dataset published again while its artifacts
///     are pruned
/// @param refusal whether the broker refuses an event of a run for good, so that the run must fail
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

    /// @return no fault at all: what runs come to undisturbed
    static Weather calm() {
        return new Weather(0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, false, false, false);
    }

    private static int pick(RandomGenerator random, int... from) {
        return from[random.nextInt(from.length)];
    }
}
