package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ClassCountersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final ClassCounters counters = new ClassCounters(registry, "samples", "of a test", new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneId.of("UTC");
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now.get();
        }
    });

    private double count(String label) {
        Counter counter = registry.find("samples").tag("class", label).counter();
        return counter == null ? Double.NaN : counter.count();
    }

    @Test
    void theNumberOfSeriesIsBoundedForAThousandRunsWithDifferentClasses() {
        for (int run = 0; run < 1_000; run++) {
            for (int label = 0; label < 27; label++) {
                counters.increment("run %d, class %d".formatted(run, label), 3);
            }
            now.updateAndGet(before -> before.plus(Duration.ofMinutes(10)));
            assertThat(registry.getMeters()).hasSizeLessThanOrEqualTo(ClassCounters.MOST + 1);
        }
        assertThat(count("run 999, class 26")).isEqualTo(3);
        assertThat(count("run 0, class 0")).isNaN();
        assertThat(count(ClassCounters.OTHERS))
                .as("the classes of the runs of one hour fit")
                .isNaN();
    }

    @Test
    void beyondTheBoundClassesAreCountedTogetherAndNoCountIsLost() {
        for (int label = 0; label < 10_000; label++) {
            counters.increment("class " + label, 1);
        }
        counters.increment("class 7", 1);

        assertThat(registry.getMeters()).hasSize(ClassCounters.MOST + 1);
        assertThat(count("class 7")).isEqualTo(2);
        assertThat(count(ClassCounters.OTHERS)).isEqualTo(10_000 - ClassCounters.MOST);
    }
}
