package io.peregrine.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.simulator.SimulatedDatabase.Fate;
import io.peregrine.simulator.disk.SimulatedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;

/// Injects the faults of a schedule, and decides when activities yield to one another.
final class Faults {
    private static final int OUTAGE_STEPS = 25;
    /// Longer than a lease, so that a process that did not renew its lease loses its job.
    private static final Duration JUMP = Process.LEASE.plusSeconds(5);

    private static final Map<Bug, Map<String, String>> REWRITTEN = new ConcurrentHashMap<>();

    private final Schedule schedule;
    private final RandomGenerator random;
    private final Weather weather;
    private final Garbage garbage;
    private final Map<Service, Integer> unavailableUntil = new EnumMap<>(Service.class);
    private final Map<Service, Fate> outages = new EnumMap<>(Service.class);
    private boolean on;
    private int budget;
    private int garbageLeft;
    private int rewindsLeft;
    private int brokerUnavailableUntil;
    private Activity stopped;

    Faults(Schedule schedule, RandomGenerator random, Weather weather) {
        this.schedule = schedule;
        this.random = random;
        this.weather = weather;
        this.garbage = new Garbage(random);
        this.budget = weather.faults();
        this.garbageLeft = weather.garbage();
        this.rewindsLeft = weather.rewinds();
    }

    static SimulatedDisk.Ignored ignoredFsync(Bug bug) {
        return bug == Bug.NO_FSYNC_OF_FILE
                ? SimulatedDisk.Ignored.FILES
                : bug == Bug.NO_FSYNC_OF_FOLDER ? SimulatedDisk.Ignored.FOLDERS : SimulatedDisk.Ignored.NOTHING;
    }

    RandomGenerator random() {
        return random;
    }

    void begin() {
        on = true;
    }

    boolean areOn() {
        return on;
    }

    /// Ends all faults; activities no longer yield.
    void end() {
        on = false;
    }

    /// A point at which the running activity may yield to others.
    void point(String where) {
        Activity activity = Activity.current();
        if (activity == null) {
            return;
        }
        activity.checkAlive();
        if (!on) {
            return;
        }
        boolean yields = activity.isInTransaction()
                ? where.equals("commit") && random.nextInt(1_000) < weather.transactionPauses()
                : random.nextInt(100) < weather.switches();
        if (yields) {
            schedule.trace("%s pauses before: %s".formatted(activity.name(), where));
            activity.pause();
            activity.checkAlive();
        }
    }

    /// @return the faults of a service's database
    SimulatedDatabase.Faults of(ServiceState state) {
        return new SimulatedDatabase.Faults() {
            @Override
            public Fate connecting() {
                return isUnavailable(state.service()) ? outages.get(state.service()) : Fate.DONE;
            }

            @Override
            public Fate statement() {
                if (isUnavailable(state.service())) {
                    return outages.get(state.service());
                }
                return isLost() ? Fate.LOST_BEFORE : Fate.DONE;
            }

            @Override
            public Fate committing() {
                if (!isLost()) {
                    return Fate.DONE;
                }
                return random.nextBoolean() ? Fate.LOST_AFTER : Fate.LOST_BEFORE;
            }

            @Override
            public void point(String where) {
                Faults.this.point(where);
            }

            @Override
            public String statement(String sql) {
                Bug bug = schedule.bug();
                return bug == null
                        ? sql
                        : REWRITTEN
                                .computeIfAbsent(bug, one -> new ConcurrentHashMap<>())
                                .computeIfAbsent(sql, bug::rewritten);
            }

            @Override
            public String machine() {
                Activity activity = Activity.current();
                Process process = activity == null ? null : activity.process();
                return process == null
                        ? "set simulated.process = ''; set simulated.skew = '0'"
                        : "set simulated.process = '%s'; set simulated.skew = '%s'"
                                .formatted(process.name(), process.skew());
            }
        };
    }

    private boolean isLost() {
        if (!on || budget == 0 || random.nextInt(1_000) >= weather.databaseFaults()) {
            return false;
        }
        budget--;
        schedule.trace("a connection to the database breaks");
        return true;
    }

    private boolean isUnavailable(Service service) {
        return on && unavailableUntil.getOrDefault(service, 0) > schedule.steps();
    }

    /// @return the error for the relay if its record was not sent, or null
    Exception send(ServiceState state, ProducerRecord<String, byte[]> record) {
        point("send");
        if (on && brokerUnavailableUntil > schedule.steps()) {
            return new TimeoutException("the broker is unavailable (simulated)");
        }
        if (refuses(record) || stopped != null && stopped == Activity.current()) {
            if (schedule.bug() == Bug.RELAY_STOPS_AT_BAD_ROW) {
                // This relay treats the error as transient, and sends nothing more in this round.
                stopped = Activity.current();
                return new TimeoutException("no acknowledgement (simulated)");
            }
            schedule.trace("the broker rejects an event permanently");
            return new RecordTooLargeException("the record is too large (simulated)");
        }
        schedule.broker().append(record.topic(), record.key(), record.value(), record.headers(), false);
        if (on && random.nextInt(1_000) < weather.databaseFaults()) {
            schedule.trace("the broker's acknowledgement is lost");
            return new TimeoutException("no acknowledgement (simulated)");
        }
        return null;
    }

    private boolean refuses(ProducerRecord<String, byte[]> record) {
        String type = new String(record.headers().lastHeader("ce_type").value(), UTF_8);
        return schedule.users().isRefused(record.key(), type);
    }

    /// Offers the faults that could happen next.
    void offer(Offers offers) {
        if (garbageLeft > 0) {
            offers.add(1, () -> {
                garbageLeft--;
                schedule.trace("garbage: " + garbage.appendTo(schedule.broker()));
            });
        }
        if (rewindsLeft > 0) {
            offers.add(1, () -> {
                rewindsLeft--;
                schedule.state(anyService()).rewind(random);
            });
        }
        if (budget > 0) {
            offers.add(2, this::crash);
            offers.add(1, this::cutPower);
            offers.add(2, this::jump);
            offers.add(1, this::databaseOutage);
            offers.add(1, () -> {
                brokerUnavailableUntil = schedule.steps() + random.nextInt(OUTAGE_STEPS);
                schedule.trace("the broker becomes unavailable");
            });
        }
    }

    private Service anyService() {
        return Service.values()[random.nextInt(Service.values().length)];
    }

    private void crash() {
        budget--;
        List<ServiceState> busy = Stream.of(Service.values())
                .map(schedule::state)
                .filter(one -> one.processes().stream().anyMatch(process -> process.job != null))
                .toList();
        ServiceState state = busy.isEmpty() ? schedule.state(anyService()) : busy.get(random.nextInt(busy.size()));
        // Prefers a process that runs a job, because the others have nothing to lose.
        List<Process> working =
                state.processes().stream().filter(one -> one.job != null).toList();
        List<Process> from = working.isEmpty() ? state.processes() : working;
        Process process = from.get(random.nextInt(from.size()));
        schedule.trace(process.name() + " is killed");
        state.crash(List.of(process));
        state.start(1);
    }

    private void cutPower() {
        budget--;
        schedule.trace("power failure");
        for (Service service : Service.values()) {
            ServiceState state = schedule.state(service);
            state.crash(List.copyOf(state.processes()));
        }
        try {
            schedule.sandbox().disk().cutPower(random);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (Service service : Service.values()) {
            schedule.state(service).start(weather.processes());
        }
    }

    private void jump() {
        budget--;
        schedule.trace("nothing runs for " + JUMP.toSeconds() + " s");
        schedule.advance(JUMP);
    }

    private void databaseOutage() {
        budget--;
        Service service = anyService();
        Fate fate = random.nextBoolean() ? Fate.LOST_BEFORE : Fate.REFUSED;
        unavailableUntil.put(service, schedule.steps() + random.nextInt(OUTAGE_STEPS));
        outages.put(service, fate);
        schedule.trace("the database of %s is %s"
                .formatted(service.schema(), fate == Fate.REFUSED ? "read-only" : "unavailable"));
    }
}
