package io.peregrine.simulator;

import io.peregrine.events.EventCodec;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.simulator.SimulatedBroker.Entry;
import io.peregrine.simulator.SimulatedBroker.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// A service in a schedule: its processes, its consumers' positions, and its possible next actions.
final class ServiceState {
    private static final int MAX_RESTARTS = 3;

    private final Schedule schedule;
    private final Service service;
    private final List<Place> places;
    private final List<Process> processes = new ArrayList<>();
    /// Positions whose channel ended with an error, until the process is restarted.
    private final Map<Place, String> ended = new HashMap<>();

    private int started;
    private int restarts;
    private Activity pruning;
    private boolean mayHaveJobs;
    private boolean mayHaveEvents;

    ServiceState(Schedule schedule, Service service) {
        this.schedule = schedule;
        this.service = service;
        this.places = SimulatedBroker.places(service.topics());
    }

    Service service() {
        return service;
    }

    List<Process> processes() {
        return processes;
    }

    List<Place> places() {
        return places;
    }

    void mayHaveWork() {
        mayHaveJobs = true;
        mayHaveEvents = true;
    }

    void start(int count) {
        for (int i = 0; i < count; i++) {
            String name = service.schema() + "-" + ++started;
            // Only the bug of leases by the worker's clock depends on the skew.
            String skew = schedule.bug() != Bug.LEASE_BY_WORKER_CLOCK ? "0" : started % 2 == 0 ? "-1 hour" : "1 hour";
            processes.add(new Process(
                    service,
                    name,
                    skew,
                    schedule.sandbox().database(service),
                    schedule.store(),
                    schedule.datasets().folder(),
                    SimulatedProducer.of(record -> schedule.faults().send(this, record)),
                    schedule.sandbox().clock(),
                    schedule.bug()));
        }
        mayHaveWork();
    }

    /// Kills processes. Records that were not acknowledged are delivered again.
    void crash(List<Process> which) {
        processes.removeAll(which);
        schedule.kill(which);
        ended.clear();
        for (Place place : places) {
            if (!place.inFlight) {
                place.next = place.committed;
            }
        }
    }

    /// Offers the actions that this service could do next.
    void offer(Offers offers) {
        for (Place place : places) {
            if (!place.inFlight
                    && !ended.containsKey(place)
                    && schedule.broker().at(place).isPresent()) {
                offers.add(4, () -> deliver(place));
            }
        }
        for (Process process : processes) {
            if (mayHaveJobs && process.job == null) {
                offers.add(5, () -> job(process));
            }
            if (mayHaveEvents && process.relay == null) {
                offers.add(4, () -> relay(process));
            }
            if (process.job != null && process.heartbeat == null) {
                offers.add(1, () -> heartbeat(process));
            }
        }
        if (pruning == null && !processes.isEmpty()) {
            offers.add(schedule.weather().recycling() ? 3 : 1, () -> prune(any()));
        }
        if (!ended.isEmpty()) {
            // The service's liveness is DOWN, so a supervisor would restart it.
            offers.add(1, this::restart);
        }
    }

    private Process any() {
        return processes.get(schedule.faults().random().nextInt(processes.size()));
    }

    private void restart() {
        schedule.trace(service.schema() + " is restarted because a channel ended: " + ended.values());
        int count = processes.size();
        crash(List.copyOf(processes));
        start(count);
    }

    private void deliver(Place place) {
        Entry entry = schedule.broker().at(place).orElseThrow();
        Process process = any();
        ConsumerRecord<String, byte[]> record = entry.record();
        long generation = ++place.generation;
        place.inFlight = true;
        if (schedule.bug() == Bug.ACKNOWLEDGE_BEFORE_COMMIT) {
            place.next++;
            place.committed = place.next;
        }
        schedule.start(
                "%s processes %s%s".formatted(process.name(), place, entry.garbage() ? " (garbage)" : ""),
                process,
                () -> process(process, record),
                thrown -> delivered(place, generation, record, thrown));
    }

    private void process(Process process, ConsumerRecord<String, byte[]> record) throws UnreadableEventException {
        if (schedule.bug() == Bug.DECODE_OUTSIDE_TRY) {
            EventCodec.read(record);
        }
        process.code().deliver(record);
    }

    private void delivered(Place place, long generation, ConsumerRecord<String, byte[]> record, Throwable thrown) {
        if (place.generation != generation) {
            // The partition has been assigned to another consumer since.
            return;
        }
        place.inFlight = false;
        mayHaveWork();
        if (thrown == null) {
            place.next = Math.toIntExact(record.offset()) + 1;
            if (schedule.faults().random().nextInt(10) < 7) {
                place.committed = Math.max(place.committed, place.next);
            }
        } else if (thrown instanceof Activity.Killed) {
            place.next = place.committed;
        } else if (!thrown.getClass().getName().startsWith("io.peregrine.work.messaging.Inbox$")) {
            ended.put(place, thrown.toString());
        }
    }

    /// Simulates a rebalance: the coordinator revokes a partition and assigns it again, at an older offset.
    void rewind(RandomGenerator random) {
        Place place = places.get(random.nextInt(places.size()));
        place.generation++;
        place.inFlight = false;
        place.next = random.nextInt(place.next + 1);
        place.committed = Math.min(place.committed, place.next);
        schedule.trace("%s is rewound to %s".formatted(service.schema(), place));
    }

    private boolean job(Process process) {
        boolean[] found = new boolean[1];
        process.job = schedule.start(
                process.name() + " works",
                process,
                () -> {
                    found[0] = process.steps().job();
                    if (!found[0]) {
                        process.steps().upkeep();
                        process.pruning().finish();
                    }
                },
                thrown -> {
                    process.job = null;
                    mayHaveEvents = true;
                    mayHaveJobs = found[0] || thrown != null;
                });
        if (process.job.isOver()) {
            process.job = null;
        }
        return found[0];
    }

    private boolean relay(Process process) {
        int[] sent = new int[1];
        process.relay = schedule.start(
                process.name() + " relays",
                process,
                () -> sent[0] = process.steps().relay(),
                thrown -> {
                    process.relay = null;
                    mayHaveEvents = sent[0] > 0 || thrown != null;
                });
        if (process.relay.isOver()) {
            process.relay = null;
        }
        return sent[0] > 0;
    }

    private void heartbeat(Process process) {
        process.heartbeat = schedule.start(
                process.name() + " renews its lease",
                process,
                () -> process.steps().heartbeat(),
                thrown -> process.heartbeat = null);
        if (process.heartbeat.isOver()) {
            process.heartbeat = null;
        }
    }

    private void prune(Process process) {
        pruning = schedule.start(
                process.name() + " prunes", process, () -> process.pruning().prune(), thrown -> pruning = null);
        if (pruning != null && pruning.isOver()) {
            pruning = null;
        }
    }

    /// Prunes once, without faults, at the end of a schedule.
    void pruneAtEnd() {
        prune(processes.getFirst());
    }

    /// Does all work that is possible now, without faults.
    ///
    /// @return whether there was any work
    boolean settle() {
        boolean moved = false;
        if (!ended.isEmpty()) {
            if (++restarts > MAX_RESTARTS) {
                throw new Violation(
                        "a channel of %s ends at each start: %s".formatted(service.schema(), ended.values()));
            }
            restart();
            moved = true;
        }
        for (Place place : places) {
            while (!place.inFlight
                    && !ended.containsKey(place)
                    && schedule.broker().at(place).isPresent()) {
                deliver(place);
                moved = true;
            }
        }
        for (Process process : processes) {
            while (mayHaveJobs && process.job == null && job(process)) {
                moved = true;
            }
            while (mayHaveEvents && process.relay == null && relay(process)) {
                moved = true;
            }
        }
        return moved;
    }

    /// @return open work: jobs, and events that are not sent
    List<String> open() {
        return schedule.sandbox()
                .admin()
                .withHandle(sql -> sql.createQuery("""
                        select '%1$s job ' || kind || ' ' || key || ' of run ' || run || ' is ' || state
                            || coalesce(': ' || error, '') from %1$s.job where state in ('queued', 'running')
                        union all
                        select '%1$s event ' || type || ' of run ' || run || ' is not sent' from %1$s.outbox
                            where sent_at is null and set_aside_at is null""".formatted(service.schema()))
                        .mapTo(String.class)
                        .list());
    }
}
