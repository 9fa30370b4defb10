package io.peregrine.endtoend.chaos;

import io.peregrine.launcher.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/// One fault, as a seed has drawn it.
///
/// @param service that it is done to, or null
/// @param calm before it, since the recovery from the one before it
/// @param delay after the service has begun a job
/// @param secondOne whether the second of two instances is meant
record Fault(FaultKind kind, Service service, Duration calm, Duration delay, Duration length, boolean secondOne) {
    /// Endlessly many faults: each kind once in a drawn order, then kinds as they are drawn; an outage of minutes
    /// once.
    static final class Plan {
        private final Random random;
        private final boolean brief;
        private final List<FaultKind> round;

        /// @param brief for a run of two minutes
        Plan(long seed, boolean brief) {
            this.random = new Random(seed);
            this.brief = brief;
            this.round = new ArrayList<>(Arrays.asList(FaultKind.values()));
            Collections.shuffle(round, random);
        }

        /// @return whether every kind was drawn at least once
        boolean isEveryKindDrawn() {
            return round.isEmpty();
        }

        Fault next() {
            FaultKind kind = round.isEmpty() ? any() : round.removeLast();
            Service[] services = Service.values();
            Service service = services[random.nextInt(services.length)];
            return new Fault(
                    kind,
                    kind.ofOneService ? service : null,
                    Duration.ofMillis(500 + random.nextInt(brief ? 1_500 : 4_000)),
                    Duration.ofMillis(random.nextInt(1_000)),
                    Duration.ofMillis(Math.round(1_000 * kind.seconds(random.nextDouble(), brief))),
                    random.nextBoolean());
        }

        private FaultKind any() {
            while (true) {
                FaultKind kind = FaultKind.values()[random.nextInt(FaultKind.values().length)];
                if (kind != FaultKind.BROKER_STOPPED || brief) {
                    return kind;
                }
            }
        }
    }

    /// @return the services that cannot work during the fault
    Set<Service> hit() {
        return service == null || kind == FaultKind.BROKER_STOPPED ? Set.of(Service.values()) : Set.of(service);
    }

    /// @return what it is done to, for the table
    String target() {
        return service == null ? "all four services" : service.word();
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s%s%s",
                kind.words,
                service == null ? "" : ": " + service.word(),
                length.isZero() ? "" : ", %.1f s".formatted(length.toMillis() / 1e3));
    }
}
