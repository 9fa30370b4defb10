package io.peregrine.balance;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/// A counter by class with a bounded number of series, however many datasets the process balances.
///
/// With [#MOST] classes, a new class replaces the least recently counted one if that was unused for an hour. If
/// all are in use, further classes are counted together as [#OTHERS].
final class ClassCounters {
    static final int MOST = 200;
    static final String OTHERS = "(others)";

    private static final Duration UNUSED = Duration.ofHours(1);

    private final MeterRegistry registry;
    private final String name;
    private final String description;
    private final Clock clock;
    /// In access order: the least recently counted class is first.
    private final Map<String, Instant> counted = new LinkedHashMap<>(16, 0.75f, true);

    ClassCounters(MeterRegistry registry, String name, String description, Clock clock) {
        this.registry = registry;
        this.name = name;
        this.description = description;
        this.clock = clock;
    }

    synchronized void increment(String label, long amount) {
        Instant now = clock.instant();
        if (!counted.containsKey(label)) {
            evictUnused(now);
        }
        if (counted.containsKey(label) || counted.size() < MOST) {
            counted.put(label, now);
            counter(label).increment(amount);
        } else {
            counter(OTHERS).increment(amount);
        }
    }

    private void evictUnused(Instant now) {
        Iterator<Map.Entry<String, Instant>> oldest = counted.entrySet().iterator();
        while (counted.size() >= MOST && oldest.hasNext()) {
            Map.Entry<String, Instant> entry = oldest.next();
            if (entry.getValue().isAfter(now.minus(UNUSED))) {
                return;
            }
            registry.remove(counter(entry.getKey()));
            oldest.remove();
        }
    }

    private Counter counter(String label) {
        return Counter.builder(name)
                .description(description)
                .tag("class", label)
                .register(registry);
    }
}
