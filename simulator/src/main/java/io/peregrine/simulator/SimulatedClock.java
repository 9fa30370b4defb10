package io.peregrine.simulator;

import java.time.Duration;
import java.time.Instant;

/// The database's clock, which determines when leases and back-offs end. The scheduler advances it.
final class SimulatedClock {
    private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

    private Instant now = BEGIN;

    Instant now() {
        return now;
    }

    Duration elapsed() {
        return Duration.between(BEGIN, now);
    }

    void advance(Duration by) {
        now = now.plus(by);
    }

    void reset() {
        now = BEGIN;
    }
}
