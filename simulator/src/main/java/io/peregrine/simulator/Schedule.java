package io.peregrine.simulator;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/// One schedule: the order of all actions and the faults, both determined by one seed.
///
/// The scheduler starts and resumes activities of processes, one at a time. While there are faults it chooses at
/// random; afterwards it completes all work.
final class Schedule {
    private static final int MAX_ACTIVITIES = 6;
    private static final Duration STEP = Duration.ofMillis(10);
    private static final Duration IDLE = Duration.ofMillis(500);

    /// @param action the action
    /// @param weight relative probability
    private record Choice(int weight, Runnable action) {}

    private final long seed;
    private final SplittableRandom random;
    private final Sandbox sandbox;
    private final Weather weather;
    private final Datasets datasets;
    private final Bug bug;
    private final SimulatedBroker broker;
    private final Map<Service, ServiceState> services = new EnumMap<>(Service.class);
    private final List<Activity> activities = new ArrayList<>();
    private final Users users;
    private final Faults faults;
    private final List<String> trace;
    private String lastError;
    private int steps;
    private int resumptions;

    /// @param trace receives the trace; null to trace nothing
    Schedule(long seed, Sandbox sandbox, Datasets datasets, Weather weather, Bug bug, List<String> trace)
            throws Exception {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.sandbox = sandbox;
        this.datasets = datasets;
        this.weather = weather == null ? Weather.of(random) : weather;
        this.bug = bug;
        this.trace = trace;
        this.broker = new SimulatedBroker(sandbox.clock());
        sandbox.clear(Faults.ignoredFsync(bug));
        this.faults = new Faults(this, random, this.weather);
        sandbox.onDisk(operation -> faults.point("disk " + operation));
        for (Service service : Service.values()) {
            ServiceState state = new ServiceState(this, service);
            services.put(service, state);
            sandbox.source(service).faults(faults.of(state));
            state.start(this.weather.processes());
        }
        sandbox.disk().settle();
        this.users = new Users(this, random, this.weather);
    }

    /// @throws Violation if an invariant does not hold
    void run(Oracle oracle) throws Exception {
        try {
            if (weather.history()) {
                users.publish();
                settle();
                if (weather.recycling()) {
                    users.delete();
                    settle();
                    users.publish();
                }
            }
            faults.begin();
            for (int i = 0; i < weather.steps(); i++) {
                step();
            }
            faults.end();
            trace("end of the faults");
            users.publishRest();
            settle();
            oracle.check(this);
        } catch (Violation violation) {
            throw violation;
        } finally {
            // No activity of this schedule may continue in the next.
            services.values().forEach(state -> state.processes().forEach(Process::kill));
            while (!activities.isEmpty()) {
                resume(activities.getFirst());
            }
        }
    }

    private void step() {
        List<Choice> choices = new ArrayList<>();
        for (Activity paused : activities) {
            choices.add(new Choice(paused.isInTransaction() ? 12 : 4, () -> resume(paused)));
        }
        if (activities.size() < MAX_ACTIVITIES) {
            for (ServiceState state : services.values()) {
                state.offer((weight, action) -> choices.add(new Choice(weight, action)));
            }
            users.offer((weight, action) -> choices.add(new Choice(weight, action)));
        }
        faults.offer((weight, action) -> choices.add(new Choice(weight, action)));
        if (activities.isEmpty()) {
            choices.add(new Choice(2, () -> advance(IDLE)));
        }
        sandbox.clock().advance(STEP);
        steps++;
        choose(choices).run();
    }

    private Runnable choose(List<Choice> choices) {
        int drawn = random.nextInt(choices.stream().mapToInt(Choice::weight).sum());
        for (Choice choice : choices) {
            drawn -= choice.weight();
            if (drawn < 0) {
                return choice.action();
            }
        }
        throw new IllegalStateException("weights changed while one was chosen");
    }

    /// Completes all work without faults.
    ///
    /// @throws Violation if work remains after the time that leases and back-offs can take
    void settle() {
        Duration limit = sandbox.clock().elapsed().plus(Duration.ofMinutes(10));
        Duration pause = Duration.ofSeconds(1);
        while (true) {
            boolean moved = false;
            while (!activities.isEmpty()) {
                resume(activities.getFirst());
                moved = true;
            }
            for (ServiceState state : services.values()) {
                moved |= state.settle();
            }
            if (moved) {
                continue;
            }
            List<String> open = services.values().stream()
                    .flatMap(state -> state.open().stream())
                    .toList();
            if (open.isEmpty()) {
                return;
            }
            if (sandbox.clock().elapsed().compareTo(limit) > 0) {
                throw new Violation("ten minutes after the faults there is still work: %s; last error: %s"
                        .formatted(open, lastError));
            }
            advance(pause);
            pause = pause.multipliedBy(2).compareTo(Duration.ofSeconds(30)) < 0 ? pause.multipliedBy(2) : pause;
        }
    }

    void advance(Duration by) {
        sandbox.clock().advance(by);
        services.values().forEach(ServiceState::mayHaveWork);
    }

    /// Starts an activity and runs it until it pauses.
    ///
    /// @param then receives at the end what the activity threw, or null
    Activity start(String name, Process process, Activity.Work work, Consumer<Throwable> then) {
        Activity activity = new Activity(name, process, work, then);
        activities.add(activity);
        resume(activity);
        return activity;
    }

    private void resume(Activity activity) {
        resumptions++;
        trace(activity.name());
        activity.resume();
        if (activity.isOver()) {
            activities.remove(activity);
            if (activity.thrown() != null) {
                trace(activity.name() + " ended with " + activity.thrown());
                lastError = activity.name() + " ended with " + activity.thrown();
            }
            activity.then();
        }
    }

    /// Kills processes as `kill -9` does: their activities stop where they are.
    void kill(List<Process> processes) {
        processes.forEach(Process::kill);
        for (Activity activity : List.copyOf(activities)) {
            if (activity.process() != null && !activity.process().isAlive()) {
                resume(activity);
            }
        }
    }

    void trace(String what) {
        if (trace != null) {
            trace.add(
                    "%4d %8.2f s  %s".formatted(steps, sandbox.clock().elapsed().toMillis() / 1_000.0, what));
        }
    }

    long seed() {
        return seed;
    }

    int steps() {
        return steps;
    }

    /// @return how often an activity was resumed
    int resumptions() {
        return resumptions;
    }

    Sandbox sandbox() {
        return sandbox;
    }

    SimulatedBroker broker() {
        return broker;
    }

    Datasets datasets() {
        return datasets;
    }

    Path store() {
        return sandbox.disk().root().resolve("store");
    }

    Bug bug() {
        return bug;
    }

    Faults faults() {
        return faults;
    }

    Users users() {
        return users;
    }

    ServiceState state(Service service) {
        return services.get(service);
    }

    Weather weather() {
        return weather;
    }
}
