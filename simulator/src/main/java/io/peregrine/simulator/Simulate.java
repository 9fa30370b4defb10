package io.peregrine.simulator;

import io.peregrine.simulator.Simulator.Found;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `./peregrine simulate`.
@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        description = "Runs the services' own code against a real PostgreSQL with faults drawn from a seed.")
public final class Simulate implements Callable<Integer> {
    private static final int VIOLATIONS = 20;
    private static final int SHORT = 100;

    @Option(names = "--seed", description = "Replays one schedule and prints its steps.")
    private Long seed;

    @Option(names = "--schedules", description = "Number of schedules, starting at --first; default ${DEFAULT-VALUE}.")
    private int schedules = 1_000;

    @Option(names = "--first", description = "The first seed; default ${DEFAULT-VALUE}.")
    private long first = 1;

    @Option(
            names = "--bug",
            description = "Plants a bug in every schedule; an unknown name lists all names.",
            converter = BugName.class)
    private Bug bug;

    @Option(names = "--bugs", description = "Plants each bug in turn, and prints which seed finds it.")
    private boolean bugs;

    /// Converts the names of bugs on the command line.
    static final class BugName implements CommandLine.ITypeConverter<Bug> {
        @Override
        public Bug convert(String name) {
            for (Bug bug : Bug.values()) {
                if (bug.option().equals(name)) {
                    return bug;
                }
            }
            throw new CommandLine.TypeConversionException("'%s' is not a bug; it must be one of %s"
                    .formatted(
                            name, Arrays.stream(Bug.values()).map(Bug::option).toList()));
        }
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Simulate()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        // The services' logs about injected faults would hide the one relevant line.
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        int threads = seed != null ? 1 : Runtime.getRuntime().availableProcessors();
        try (Simulator simulator = Simulator.start(threads)) {
            if (seed != null) {
                return replay(simulator);
            }
            return bugs ? table(simulator) : search(simulator);
        }
    }

    private int replay(Simulator simulator) throws Exception {
        List<String> trace = new ArrayList<>();
        Optional<Found> found = simulator.run(seed, bug, trace);
        trace.forEach(System.out::println);
        System.out.println(found.map(one -> "Violation: " + one.violation()).orElse("No violation."));
        return found.isPresent() ? 1 : 0;
    }

    private int search(Simulator simulator) throws Exception {
        long start = System.nanoTime();
        List<Found> found = new ArrayList<>();
        long run = simulator.search(first, schedules, bug, VIOLATIONS, one -> {
            found.add(one);
            System.out.printf(
                    "seed %d: %s%n  repeat with: ./peregrine simulate --seed %d%s%n",
                    one.seed(), one.violation(), one.seed(), bug == null ? "" : " --bug " + bug.option());
        });
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%,d schedules, %,d with a violation; %.1f s, %.1f schedules a second%n",
                run, found.size(), seconds, run / seconds);
        return found.isEmpty() ? 0 : 1;
    }

    private int table(Simulator simulator) throws Exception {
        int missed = 0;
        System.out.printf("%-28s %10s %8s  %s%n", "planted bug", "schedules", "seconds", "found by");
        for (Bug one : Bug.values()) {
            long start = System.nanoTime();
            List<Found> found = new ArrayList<>();
            long run = simulator.search(first, schedules, one, 1, found::add);
            System.out.printf(
                    "%-28s %10d %8.1f  %s%n",
                    one.option(),
                    run,
                    (System.nanoTime() - start) / 1e9,
                    found.isEmpty()
                            ? "NOT FOUND"
                            : "--seed %d: %s"
                                    .formatted(
                                            found.getFirst().seed(),
                                            shortened(found.getFirst().violation())));
            missed += found.isEmpty() ? 1 : 0;
        }
        System.out.printf("%d of %d planted bugs found%n", Bug.values().length - missed, Bug.values().length);
        return missed == 0 ? 0 : 1;
    }

    private static String shortened(String violation) {
        return violation.length() <= SHORT ? violation : violation.substring(0, SHORT) + "…";
    }
}
